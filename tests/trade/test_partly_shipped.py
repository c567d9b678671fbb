"""Orders that are partly on their way while pieces of them are refunded, and rights that stand as they were when it was placed."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import text

from kaibo.kernel.context import Context
from tests.payment.world import Sandbox
from tests.trade.aftersales_world import ask, case_of, mine, money_arrives, paid, received, theirs
from tests.trade.test_paying import state_of
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, key, ok


async def send(shop: Shop, order: dict[str, Any], number: str, pieces: dict[int, int]) -> dict[str, Any]:
    lines = [{"line_id": order["lines"][place]["id"], "quantity": many} for place, many in pieces.items()]
    body = {"carrier": "sf", "tracking_number": number, "lines": lines}
    path = f"/api/shops/{shop.id}/orders/{order['id']}/parcels"
    return dict(ok(await shop.staff.client.post(path, json=body, headers=key())))


async def to_ship(buyer: Buyer, order: dict[str, Any]) -> list[int]:
    return [line["to_ship"] for line in (await buyer.order(order["id"]))["lines"]]


async def test_an_order_is_shipped_when_what_had_not_left_is_refunded(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    one, two = await shop.sku(price_fen=1000, stock=5, freight_fen=600), await shop.sku(price_fen=2000, stock=5)
    order = await paid(provider, buyer, [one, two], [3, 1])
    await send(shop, order, "SF1000000000001", {0: 2})
    assert await to_ship(buyer, order) == [1, 1]
    case = ok(await ask(buyer, order, "refund_only", "not_wanted", [(0, 1)]))
    assert (case["state"], case["refund_fen"]) == ("refunding", 1000)
    assert await to_ship(buyer, order) == [0, 1]
    assert await state_of(buyer, order) == "paid", "the other line still waits"
    rest = ok(await ask(buyer, order, "refund_only", "ships_late", [(1, 1)]))
    assert rest["refund_fen"] == 2000, "the freight was earned: two pieces are on their way"
    assert await state_of(buyer, order) == "shipped"
    seen = await buyer.order(order["id"])
    assert seen["shipped_at"]
    assert seen["receive_before"]
    assert (await events_of(here, order["id"]))[-1] == "trade.order.shipped"
    await money_arrives(here, order)
    ok(await buyer.client.post(f"/api/orders/{order['id']}/receive"))
    assert await shop.stock_left(one["product_id"]) == 3
    assert await shop.stock_left(two["product_id"]) == 5
    await assert_ledger_sound(here)


async def test_a_refunded_piece_that_was_on_its_way_leaves_the_others_to_be_shipped(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=1000, stock=5)], [3])
    await send(shop, order, "SF1000000000002", {0: 1})
    options = ok(await buyer.client.get(f"/api/aftersales/options?order_id={order['id']}"))
    reasons = {one["kind"]: {reason["key"] for reason in one["reasons"]} for one in options["kinds"]}
    assert {"not_wanted", "not_received"} <= reasons["refund_only"]
    lost = await case_of(buyer, order, "refund_only", "not_received", [(0, 1)])
    assert lost["state"] == "asked", "what is on its way is not refunded without asking the merchant"
    ok(await theirs(shop, lost, "approve"))
    assert await to_ship(buyer, order) == [2], "two pieces never left"
    assert await state_of(buyer, order) == "paid"
    await money_arrives(here, order)
    whole = await send(shop, order, "SF1000000000003", {0: 2})
    assert (whole["state"], [line["to_ship"] for line in whole["lines"]]) == ("shipped", [0])
    assert (await mine(buyer, lost))["state"] == "done"
    await assert_ledger_sound(here)


async def test_pieces_on_their_way_are_not_refunded_as_if_they_lay_in_the_shop(
    provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=1000, stock=5)], [3])
    await send(shop, order, "SF1000000000004", {0: 2})
    too_many = await ask(buyer, order, "refund_only", "not_wanted", [(0, 2)])
    assert (too_many.status_code, too_many.json()["code"], too_many.json()["left"]) == (409, "trade.nothing_left", 1)
    not_gone = await ask(buyer, order, "refund_only", "not_received", [(0, 3)])
    assert (not_gone.status_code, not_gone.json()["left"]) == (409, 2)


async def test_everything_refunded_of_an_order_partly_on_its_way_ends_refunded(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=1000, stock=5)], [2])
    await send(shop, order, "SF1000000000005", {0: 1})
    lost = await case_of(buyer, order, "refund_only", "not_received", [(0, 1)])
    ok(await theirs(shop, lost, "approve"))
    ok(await ask(buyer, order, "refund_only", "not_wanted", [(0, 1)]))
    await money_arrives(here, order)
    assert await state_of(buyer, order) == "refunded"
    await assert_ledger_sound(here)


async def test_a_product_that_changes_later_changes_no_right_of_an_order(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=1000, stock=5)
    order = await paid(provider, buyer, [sku], [1])
    await received(shop, buyer, order)
    async with here.database.transaction() as db:
        await db.execute(
            text(
                "UPDATE goods.products SET category_key = 'fruit', service_tags = '{}',"
                " attributes = '[]'::jsonb WHERE id = :id"
            ),
            {"id": uuid.UUID(sku["product_id"])},
        )
    assert ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))["state"] == "approved"
    later = await paid(provider, buyer, [sku], [1])
    frozen = "SELECT seven_day_exclusion FROM trade.order_lines WHERE order_id = :id"
    assert await column(here, frozen, id=uuid.UUID(later["id"])) == ["perishable"]
    await received(shop, buyer, later)
    refused = await ask(buyer, later, "return_refund", "no_reason", [(0, 1)])
    assert (refused.status_code, refused.json()["why"]) == (422, ["excluded_perishable"])
