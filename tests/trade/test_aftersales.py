"""Cases from the buyer's wish to their end: every way, every deadline, and the money to the fen."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.trade.aftersales.track_return import ask_return, drive_return
from kaibo.trade.shipping import wiring
from kaibo.trade.shipping.carrier import CarrierError, Step, Trace
from kaibo.trade.shipping.model import ParcelState
from tests.payment.world import Sandbox
from tests.trade.aftersales_world import (
    PARCEL,
    ask,
    case_of,
    let_time_pass,
    mine,
    money_arrives,
    paid,
    picture,
    received,
    step,
    theirs,
)
from tests.trade.test_paying import state_of
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, key, ok


async def open_cases(here: Context, order: dict[str, str]) -> int:
    (found,) = await column(here, "SELECT open_cases FROM trade.orders WHERE id = :id", id=uuid.UUID(order["id"]))
    return int(found)


async def test_a_line_that_was_not_shipped_is_refunded_at_once_and_back_on_sale(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    one, two = await shop.sku(price_fen=1000, stock=5, freight_fen=600), await shop.sku(price_fen=2000, stock=5)
    order = await paid(provider, buyer, [one, two], [2, 1])
    case = ok(await ask(buyer, order, "refund_only", "not_wanted", [(0, 1)]))
    assert (case["state"], case["refund_fen"], case["history"][-1]["rule"]["id"]) == (
        "refunding",
        1000,
        "before_shipping",
    )
    assert await shop.stock_left(one["product_id"]) == 4
    await money_arrives(here, order)
    assert (await mine(buyer, case))["state"] == "done"
    assert await state_of(buyer, order) == "paid", "the rest is still to be shipped"
    assert await open_cases(here, order) == 0
    rest = ok(await ask(buyer, order, "refund_only", "not_wanted", [(0, 1), (1, 1)]))
    assert rest["refund_fen"] == 1000 + 2000 + 600, "the freight comes back with the last piece"
    assert await state_of(buyer, order) == "refunding"
    await money_arrives(here, order)
    assert await state_of(buyer, order) == "refunded"
    assert await shop.stock_left(one["product_id"]) == 5
    assert await shop.stock_left(two["product_id"]) == 5
    assert (await mine(buyer, rest))["state"] == "done"
    await assert_ledger_sound(here)


async def test_a_seven_day_return_walks_from_the_wish_to_the_money(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=2990, stock=5, freight_fen=500)
    order = await paid(provider, buyer, [sku], [2])
    await received(shop, buyer, order)
    options = ok(await buyer.client.get(f"/api/aftersales/options?order_id={order['id']}"))
    assert [one["kind"] for one in options["kinds"] if one["offered"]] == [
        "refund_only",
        "return_refund",
        "exchange",
        "repair",
    ]
    body = {
        "order_id": order["id"],
        "kind": "return_refund",
        "reason": "no_reason",
        "lines": [{"line_id": order["lines"][0]["id"], "quantity": 2}],
    }
    told = ok(await buyer.client.post("/api/aftersales/estimate", json=body))
    assert (told["refund_fen"], told["at_once"]["id"]) == (5980, "law_consumer_25")
    assert [one["words"] for one in told["steps"]][-1] == "首次运费 ¥5.00 已用于配送，不退"
    case = ok(await buyer.client.post("/api/aftersales", json=body, headers=key()))
    assert (case["state"], case["waits_for"], case["actions"]) == (
        "approved",
        "buyer",
        ["send_back", "withdraw", "evidence"],
    )
    assert case["return_to"]["detail"], "the buyer knows where to send it"
    assert await open_cases(here, order) == 1
    sent = ok(await step(buyer, case, "send-back", PARCEL | {"freight_fen": 1200}))
    assert (sent["state"], sent["returned"]["carrier_name"], sent["waits_for"]) == ("returning", "顺丰速运", "shop")
    line = order["lines"][0]["id"]
    done = ok(await theirs(shop, case, "accept", {"restock": [{"line_id": line, "quantity": 1}]}))
    assert (done["state"], done["return_freight_by"], done["return_freight_fen"]) == ("refunding", "buyer", 0)
    assert await shop.stock_left(sku["product_id"]) == 4, "one piece can be sold again, one cannot"
    await money_arrives(here, order)
    shown = await mine(buyer, case)
    assert shown["state"] == "done"
    assert [one["key"] for one in shown["progress"]] == ["asked", "approved", "returning", "refunding", "done"]
    assert {one["state"] for one in shown["progress"]} == {"done"}
    assert [one["rule"]["id"] for one in shown["history"]][:2] == ["law_consumer_25", "law_consumer_25"]
    assert await events_of(here, case["id"]) == [
        "trade.aftersales.opened",
        *["trade.aftersales.moved"] * 3,
        "trade.aftersales.closed",
    ]
    await assert_ledger_sound(here)


async def test_a_merchant_who_is_silent_for_48_hours_has_agreed(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=2990, freight_fen=300)], [1])
    await received(shop, buyer, order)
    case = await case_of(buyer, order, "refund_only", "quality", [(0, 1)])
    assert (case["state"], case["waits_for"], case["deadline_words"]) == (
        "asked",
        "shop",
        "商家 48 小时内未处理，自动同意",
    )
    await let_time_pass(here, case)
    shown = await mine(buyer, case)
    assert (shown["state"], shown["refund_fen"]) == ("refunding", 3290), "the merchant's fault: freight too"
    last = shown["history"][-1]
    assert (last["actor"], last["rule"]["id"]) == ("system", "answer_48h")
    await assert_ledger_sound(here)


async def test_a_buyer_who_does_not_send_the_goods_loses_the_case_but_may_ask_again(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=2990)], [1])
    await received(shop, buyer, order)
    case = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))
    twice = await ask(buyer, order, "return_refund", "no_reason", [(0, 1)])
    assert (twice.status_code, twice.json()["code"]) == (409, "trade.nothing_left")
    await let_time_pass(here, case)
    shown = await mine(buyer, case)
    assert (shown["state"], shown["history"][-1]["rule"]["id"], shown["progress"][-1]["state"]) == (
        "expired",
        "send_7d",
        "bad",
    )
    assert await open_cases(here, order) == 0
    assert ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))["state"] == "approved"


async def test_goods_that_nobody_inspects_count_as_accepted(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=2990)], [1])
    await received(shop, buyer, order)
    case = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))
    ok(await step(buyer, case, "send-back", PARCEL))
    await let_time_pass(here, case)
    assert (await mine(buyer, case))["state"] == "refunding"
    assert (await mine(buyer, case))["history"][-1]["rule"]["id"] == "arrive_10d"


async def test_a_carriers_delivery_gives_the_merchant_three_days(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    from kaibo.trade.aftersales.deliver_back import parcel_delivered_back

    order = await paid(provider, buyer, [await shop.sku(price_fen=2990)], [1])
    await received(shop, buyer, order)
    case = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))
    sent = ok(
        await step(
            buyer, case, "send-back", {"carrier": "zto", "tracking_number": f"75{uuid.uuid4().int % 10**12:012d}"}
        )
    )
    number = sent["returned"]["tracking_number"]
    async with here.database.transaction() as db:
        assert await parcel_delivered_back(db, "zto", number, clock.now()) == 1
        assert await parcel_delivered_back(db, "zto", number, clock.now()) == 0, "said once more"
        assert await parcel_delivered_back(db, "zto", "75000000000000", clock.now()) == 0
    shown = await mine(buyer, case)
    assert shown["delivered_at"] is not None
    assert shown["deadline"] < sent["deadline"]
    await let_time_pass(here, case)
    assert (await mine(buyer, case))["history"][-1]["rule"]["id"] == "inspect_3d"


async def test_the_carrier_is_asked_about_a_return_until_it_says_delivered(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=2990)], [1])
    await received(shop, buyer, order)
    case = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))
    number = f"75{uuid.uuid4().int % 10**12:012d}"
    ok(await step(buyer, case, "send-back", {"carrier": "zto", "tracking_number": number}))
    case_id, asked = uuid.UUID(case["id"]), []
    answers: list[Any] = [
        CarrierError("silence"),
        None,
        Trace("zto", number, (Step(clock.now(), ParcelState.DELIVERED, "3", "已签收", ""),)),
    ]

    class Service:
        async def query(self, *what: str) -> Trace | None:
            asked.append(what)
            answer = answers[len(asked) - 1]
            if isinstance(answer, Exception):
                raise answer
            return answer  # type: ignore[no-any-return]

    monkeypatch.setattr(wiring, "carrier", Service)
    for _ in answers:
        assert (await mine(buyer, case))["delivered_at"] is None
        async with here.database.transaction() as db:
            await drive_return(db, case["id"], {})
        await ask_return(here.database, case_id)
    assert (await mine(buyer, case))["delivered_at"] is not None
    await ask_return(here.database, case_id)
    assert len(asked) == len(answers), "a parcel that has arrived is not asked about"
    assert asked[0][:2] == ("zto", number)


async def test_another_size_is_exchanged_and_stock_follows(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    product = await shop.product(price_fen=5900, stock=5)
    sku = {**product["skus"][0], "product_id": product["id"]}
    order = await paid(provider, buyer, [sku], [1])
    await received(shop, buyer, order)
    foreign = await shop.sku(price_fen=100)
    line = order["lines"][0]["id"]
    body = {"order_id": order["id"], "kind": "exchange", "reason": "other_size"}
    wrong = {"lines": [{"line_id": line, "quantity": 1, "exchange_sku_id": foreign["id"]}]}
    refused = await buyer.client.post("/api/aftersales", json=body | wrong, headers=key())
    assert refused.json()["code"] == "trade.exchange_unfit"
    right = {"lines": [{"line_id": line, "quantity": 1, "exchange_sku_id": sku["id"]}]}
    case = ok(await buyer.client.post("/api/aftersales", json=body | right, headers=key()))
    assert case["lines"][0]["exchange_sku_name"] == "10 包"
    ok(await theirs(shop, case, "approve"))
    ok(await step(buyer, case, "send-back", PARCEL))
    kept = ok(await theirs(shop, case, "accept", {"restock": [{"line_id": line, "quantity": 1}]}))
    assert (kept["state"], await shop.stock_left(product["id"])) == ("inspected", 5)
    anew = ok(await theirs(shop, case, "resend", PARCEL))
    assert (anew["state"], await shop.stock_left(product["id"])) == ("resending", 4)
    assert ok(await step(buyer, case, "confirm"))["state"] == "done"
    assert ok(await step(buyer, case, "confirm"))["state"] == "done"
    assert await open_cases(here, order) == 0
    again = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))
    assert again["refund_fen"] == 5900, "what came in exchange can be returned too"


async def test_a_replacement_that_is_never_sent_becomes_a_refund(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=5900)], [1])
    await received(shop, buyer, order)
    case = await case_of(buyer, order, "repair", "broke_later", [(0, 1)])
    ok(await theirs(shop, case, "approve"))
    ok(await step(buyer, case, "send-back", PARCEL))
    ok(await theirs(shop, case, "accept"))
    await let_time_pass(here, case)
    shown = await mine(buyer, case)
    assert (shown["state"], shown["history"][-1]["rule"]["id"]) == ("refunding", "resend_7d")
    await money_arrives(here, order)
    assert [one["key"] for one in (await mine(buyer, case))["progress"]] == [
        "asked",
        "approved",
        "returning",
        "inspected",
        "refunding",
        "done",
    ]
    await assert_ledger_sound(here)


async def test_two_cases_on_one_line_never_refund_twice(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=1001)], [3])
    await received(shop, buyer, order)
    pictures = [await picture(buyer.client)]
    answers = await asyncio.gather(
        *(ask(buyer, order, "refund_only", "quality", [(0, 2)], picture_ids=pictures) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    (case,) = [answer.json() for answer in answers if answer.status_code == 201]
    decided = await asyncio.gather(*(theirs(shop, case, "approve") for _ in range(4)))
    assert sorted(answer.status_code for answer in decided) == [200, 409, 409, 409]
    last = await case_of(buyer, order, "refund_only", "quality", [(0, 1)])
    ok(await theirs(shop, last, "approve"))
    await money_arrives(here, order)
    query = "SELECT refunded_fen FROM trade.order_lines WHERE order_id = :id"
    assert await column(here, query, id=uuid.UUID(order["id"])) == [3003]
    assert await state_of(buyer, order) == "refunded"
    await assert_ledger_sound(here)
