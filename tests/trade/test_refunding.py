"""Refunds before shipping: granted at once, retried until the provider says done, never against a shipped parcel."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from kaibo.kernel.context import Context
from kaibo.trade.payment.gateway import RefundStatus
from kaibo.trade.payment.hear_refund import hear_refund
from kaibo.trade.payment.model import Outcome, RefundId
from kaibo.trade.payment.send_refund import drive_refund, send_refund
from tests.payment.world import Sandbox
from tests.trade.test_late_money import finish_refunds
from tests.trade.test_paying import eventually, number_of, state_of
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, key, ok


async def paid_order(provider: Sandbox, buyer: Buyer, sku: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
    order = await buyer.place(sku, quantity)
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")
    return order


async def ask(buyer: Buyer, order: dict[str, Any]) -> Any:
    return await buyer.client.post(f"/api/orders/{order['id']}/refund", json={"reason": "不想要了"}, headers=key())


async def refund_id(here: Context, order: dict[str, Any]) -> uuid.UUID:
    query = "SELECT id FROM trade.refunds WHERE order_id = :id ORDER BY attempt DESC LIMIT 1"
    (found,) = await column(here, query, id=uuid.UUID(order["id"]))
    return uuid.UUID(str(found))


async def test_a_refund_before_shipping_is_granted_at_once_and_paid_by_the_provider(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=2990, stock=3)
    order = await paid_order(provider, buyer, sku, 2)
    granted = ok(await ask(buyer, order))
    assert (granted["state"], granted["refund"]) == (
        "refunding",
        {"fen": 5980, "state": "asked", "reason": "不想要了"},
    )
    assert await shop.stock_left(sku["product_id"]) == 3
    balances = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))["balances"]
    assert balances["in_transit_fen"] == 0, "what is owed to the buyer is not the shop's any more"
    await assert_ledger_sound(here)
    await finish_refunds(here, order)
    done = await buyer.order(order["id"])
    assert (done["state"], done["refund"]["state"]) == ("refunded", "done")
    assert (await events_of(here, order["id"]))[-1] == "trade.order.refunded"
    await assert_ledger_sound(here)


async def test_the_providers_callback_finishes_a_refund_too_and_saying_it_twice_counts_once_woocommerce_24293(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=100))
    await provider.set_faults(number_of(order), duplicate=2)
    ok(await ask(buyer, order))
    await send_refund(here.database, RefundId(await refund_id(here, order)))
    await eventually(lambda: state_of(buyer, order), "refunded")
    refund_no = f"{number_of(order)}R01"

    async def heard() -> int:
        return len(await column(here, "SELECT id FROM trade.notices WHERE number = :n", n=refund_no))

    await eventually(heard, 3)
    assert (await events_of(here, order["id"])).count("trade.order.refunded") == 1
    await assert_ledger_sound(here)


async def test_asking_twice_refunds_once(here: Context, provider: Sandbox, shop: Shop, buyer: Buyer) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=100))
    answers = await asyncio.gather(*(ask(buyer, order) for _ in range(4)))
    assert {ok(answer)["state"] for answer in answers} == {"refunding"}
    count = await column(here, "SELECT count(*) FROM trade.refunds WHERE order_id = :id", id=uuid.UUID(order["id"]))
    assert count == [1]
    await finish_refunds(here, order)
    await assert_ledger_sound(here)


async def test_a_refund_whose_answer_was_lost_is_not_paid_twice(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=100))
    await provider.set_faults(number_of(order), fail_refund=True, lose=True)
    ok(await ask(buyer, order))
    one = RefundId(await refund_id(here, order))
    await send_refund(here.database, one)
    assert await state_of(buyer, order) == "refunding"
    await provider.set_faults(number_of(order), fail_refund=False, lose=True)
    await finish_refunds(here, order)
    assert await state_of(buyer, order) == "refunded"
    await assert_ledger_sound(here)


async def test_a_refund_that_the_provider_cannot_fund_is_tried_again_later(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=100))
    await provider.set_faults(number_of(order), not_enough=True)
    ok(await ask(buyer, order))
    one = await refund_id(here, order)
    async with here.database.transaction() as db:
        await drive_refund(db, str(one), {"tries": 3})
    payloads = await column(here, "SELECT payload FROM kernel.timers WHERE key = :key", key=str(one))
    assert payloads == [{"tries": 4}]
    await send_refund(here.database, RefundId(one))
    (error,) = await column(here, "SELECT last_error FROM trade.refunds WHERE id = :id", id=one)
    assert "NOT_ENOUGH" in error
    await provider.set_faults(number_of(order), not_enough=False)
    await finish_refunds(here, order)
    assert await state_of(buyer, order) == "refunded"


async def test_a_refund_the_provider_gave_up_goes_on_under_a_new_number(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=100))
    ok(await ask(buyer, order))
    number = f"{number_of(order)}R01"
    async with here.database.transaction() as db:
        closed = await hear_refund(db, number, RefundStatus.CLOSED, fen=100, refund_id="5000", at=None)
    assert closed is Outcome.REFUND_AGAIN
    await assert_ledger_sound(here)
    await finish_refunds(here, order)
    numbers = "SELECT out_refund_no FROM trade.refunds WHERE order_id = :id ORDER BY attempt"
    assert await column(here, numbers, id=uuid.UUID(order["id"])) == [number, f"{number_of(order)}R02"]
    assert await state_of(buyer, order) == "refunded"
    await assert_ledger_sound(here)


async def test_a_refund_notice_with_another_amount_is_not_believed(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=100))
    ok(await ask(buyer, order))
    number = f"{number_of(order)}R01"
    async with here.database.transaction() as db:
        said = await hear_refund(db, number, RefundStatus.DONE, fen=99, refund_id="5000", at=None)
        assert said is Outcome.WRONG_AMOUNT
        unknown = await hear_refund(db, "nobody", RefundStatus.DONE, fen=99, refund_id="5000", at=None)
        assert unknown is Outcome.UNKNOWN_REFUND
    assert await state_of(buyer, order) == "refunding"
    await finish_refunds(here, order)


async def test_an_account_that_cannot_take_the_money_is_said_so_and_kept(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=100))
    ok(await ask(buyer, order))
    for _ in range(2):
        async with here.database.transaction() as db:
            number = f"{number_of(order)}R01"
            said = await hear_refund(db, number, RefundStatus.ABNORMAL, fen=100, refund_id="5000", at=None)
            assert said is Outcome.REFUND_ABNORMAL
    seen = await buyer.order(order["id"])
    assert (seen["state"], seen["refund"]["state"]) == ("refunding", "abnormal")
    assert [line["why"] for line in seen["history"]].count("退款异常，买家账户无法收款，平台正在处理") == 1
    await assert_ledger_sound(here)
    await finish_refunds(here, order)
    assert await state_of(buyer, order) == "refunded"


async def test_shipping_and_refunding_at_once_ends_in_one_of_the_two(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    for _ in range(5):
        order = await paid_order(provider, buyer, await shop.sku(price_fen=100))
        parcel = {"carrier": "sf", "tracking_number": "SF1234567890123"}
        path = f"/api/shops/{shop.id}/orders/{order['id']}/ship"
        shipped, refunded = await asyncio.gather(
            shop.staff.client.post(path, json=parcel, headers=key()), ask(buyer, order)
        )
        assert sorted((shipped.status_code, refunded.status_code)) == [200, 409]
        loser = shipped if shipped.status_code == 409 else refunded
        assert loser.json()["code"] == "trade.wrong_state"
        assert await state_of(buyer, order) == ("shipped" if shipped.status_code == 200 else "refunding")
        await finish_refunds(here, order)
    await assert_ledger_sound(here)
