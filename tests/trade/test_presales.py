"""Presales through the API: deposit, balance, and everything that may come between, late, twice or never."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.trade.bills.days import bounds, today
from kaibo.trade.payment import resolve
from kaibo.trade.payment.gateway import StatementRow
from kaibo.trade.payment.methods import methods_at
from kaibo.trade.payment.model import Outcome
from kaibo.trade.payment.withdraw import expire_by_time
from kaibo.trade.reconciliation import compare_day
from kaibo.trade.reconciliation.rules import compare
from tests.payment.world import Sandbox
from tests.trade.presale_world import (
    balance_is_over,
    balance_opens,
    begin,
    confirm,
    offer,
    order_of,
    pay,
    refunds_arrive,
)
from tests.trade.test_coupons import claim, issue, pocket
from tests.trade.test_paying import eventually, state_of
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, key, ok


async def timers_of(here: Context, order: dict[str, Any]) -> list[str]:
    return sorted(await column(here, "SELECT kind FROM kernel.timers WHERE key = :key", key=order["id"]))


async def balances(shop: Shop) -> tuple[int, int]:
    money = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))["balances"]
    return money["in_transit_fen"], money["receivable_fen"]


# --- the way it should go


async def test_deposit_then_balance_then_a_paid_order(here: Context, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=15_000, stock=5, freight_fen=600)
    presale = await offer(shop, sku)
    assert (presale["balance_fen"], presale["paid_fen"], presale["stage"]) == (10_000, 11_000, "deposit")
    order = await order_of(buyer, presale, 2)
    assert (order["state"], order["total_fen"], order["due_fen"]) == ("placed", 22_600, 2_000)
    assert [(step["kind"], step["fen"]) for step in order["steps"]] == [
        ("list", 30_000),
        ("presale", 8_000),
        ("freight", 600),
    ]
    assert await shop.stock_left(sku["product_id"]) == 3, "held while the deposit is waited for"
    await pay(here, order)
    reserved = await buyer.order(order["id"])
    assert (reserved["state"], reserved["due_fen"], reserved["presale"]["outcome"]) == ("reserved", 20_600, None)
    assert "pay" not in reserved["actions"]
    assert "cancel" not in reserved["actions"]
    assert await buyer.payment(order["id"]) == "paid"
    assert await column(here, "SELECT sold FROM goods.stock WHERE sku_id = :id", id=uuid.UUID(sku["id"])) == [2]
    assert await timers_of(here, order) == ["trade.presale.close_unpaid", "trade.presale.open_balance"]
    assert await balances(shop) == (2_000, 0)
    await assert_ledger_sound(here)

    early = {"method": "wechat_h5", "return_path": "/"}
    refused = await buyer.client.post(f"/api/orders/{order['id']}/payments", json=early, headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "trade.balance_not_open")

    await balance_opens(here, order)
    assert await buyer.payment(order["id"]) == "none"
    assert "pay" in (await buyer.order(order["id"]))["actions"]
    await pay(here, order)
    paid = await buyer.order(order["id"])
    assert (paid["state"], paid["due_fen"], paid["presale"]["outcome"]) == ("paid", 0, "credited")
    ship_before = await column(
        here, "SELECT ship_before - now() FROM trade.orders WHERE id = :id", id=uuid.UUID(order["id"])
    )
    assert timedelta(days=14) < ship_before[0] <= timedelta(days=15)
    assert await timers_of(here, order) == []
    assert await events_of(here, order["id"]) == [
        "trade.order.placed",
        "trade.order.reserved",
        "trade.order.balance_due",
        "trade.order.paid",
    ]
    assert await shop.stock_left(sku["product_id"]) == 3
    await assert_ledger_sound(here)


async def test_both_payments_through_the_provider_and_the_statement_finds_both(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await order_of(buyer, await offer(shop, await shop.sku(price_fen=15_000)))
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "reserved")
    await balance_opens(here, order)
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")
    since, until = bounds(today())
    about = {"methods": methods_at("wechatpay"), "since": since, "until": until}
    async with here.database.transaction() as db:
        ours = {(row.kind, row.number): int(row.fen) for row in await db.execute(text(compare_day._OURS), about)}
    charges = [("charge", f"{order['number']}P01"), ("charge", f"{order['number']}P02")]
    mine = {which: ours[which] for which in charges}
    assert mine == {charges[0]: 1_000, charges[1]: 10_000}
    rows = [StatementRow("wechatpay", *which, "T", fen, 0, "CNY", clock.now()) for which, fen in mine.items()]
    assert compare(rows, mine) == []


async def test_coupons_lower_the_balance_and_never_the_deposit(here: Context, shop: Shop, buyer: Buyer) -> None:
    order = await order_of(buyer, await offer(shop, await shop.sku(price_fen=15_000)))
    claimed = await claim(buyer, await issue(shop, off_fen=1_000, threshold_fen=10_000))
    whole = await claim(
        buyer, await issue(shop, title="0.001 折", benefit="percent", off_fen=0, percent_bps=9_999, threshold_fen=0)
    )
    await pay(here, order)
    await balance_opens(here, order)
    url = f"/api/orders/{order['id']}/balance"
    best = ok(await buyer.client.post(f"{url}/quote", json={}))
    assert (best["deposit_fen"], best["balance_fen"]) == (1_000, 1), "the best choice leaves one fen of the balance"
    assert await pocket(buyer) == [whole, claimed], "a quote holds nothing"
    some = ok(await buyer.client.post(f"{url}/quote", json={"coupon_ids": [claimed]}))
    assert (some["balance_fen"], some["total_fen"]) == (9_000, 10_000)

    chosen = ok(await buyer.client.put(url, json={"coupon_ids": [claimed]}))
    assert (chosen["due_fen"], chosen["discount_fen"], chosen["total_fen"]) == (9_000, 1_000, 10_000)
    assert await pocket(buyer) == [whole]
    assert ok(await buyer.client.put(url, json={"coupon_ids": []}))["due_fen"] == 10_000
    assert ok(await buyer.client.put(url, json={"coupon_ids": [claimed]}))["due_fen"] == 9_000, "chosen once more"
    charge = await begin(here, order)
    assert charge.amount_fen == 9_000
    assert await confirm(here, charge) is Outcome.PAID
    paid = await buyer.order(order["id"])
    assert [(s["kind"], s["fen"]) for s in paid["steps"]] == [
        ("list", 15_000),
        ("presale", 4_000),
        ("shop_coupon", 1_000),
        ("freight", 0),
    ]
    assert await pocket(buyer, "used") == [claimed]
    await assert_ledger_sound(here)


async def test_other_coupons_close_the_payment_that_was_begun(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await order_of(buyer, await offer(shop, await shop.sku(price_fen=15_000)))
    claimed = await claim(buyer, await issue(shop, off_fen=1_000, threshold_fen=10_000))
    await pay(here, order)
    await balance_opens(here, order)
    before = await buyer.pay_url(order["id"])
    chosen = ok(await buyer.client.put(f"/api/orders/{order['id']}/balance", json={"coupon_ids": [claimed]}))
    assert chosen["due_fen"] == 9_000
    assert await buyer.pay_url(order["id"]) != before
    states = (
        "SELECT part || ' ' || amount_fen || ' ' || state FROM trade.charges WHERE checkout_id = :id ORDER BY attempt"
    )
    assert await column(here, states, id=uuid.UUID(order["id"])) == [
        "deposit 1000 paid",
        "balance 10000 closed",
        "balance 9000 pending",
    ]


# --- not paid in time


async def test_who_does_not_pay_the_balance_loses_the_deposit_once(here: Context, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=15_000, stock=5)
    order = await order_of(buyer, await offer(shop, sku))
    await pay(here, order)
    claimed = await claim(buyer, await issue(shop, off_fen=1_000, threshold_fen=10_000))
    await balance_opens(here, order)
    ok(await buyer.client.put(f"/api/orders/{order['id']}/balance", json={"coupon_ids": [claimed]}))
    for _ in range(2):
        await balance_is_over(here, order)
    closed = await buyer.order(order["id"])
    assert (closed["state"], closed["presale"]["outcome"], closed["due_fen"]) == ("expired", "kept", 0)
    assert closed["actions"] == ["hide"]
    assert await pocket(buyer) == [claimed]
    assert await shop.stock_left(sku["product_id"]) == 5
    assert await balances(shop) == (0, 1_000)
    assert (await events_of(here, order["id"])).count("trade.order.expired") == 1
    await assert_ledger_sound(here)


async def test_a_deposit_never_paid_expires_like_any_order(here: Context, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=15_000, stock=5)
    order = await order_of(buyer, await offer(shop, sku))
    async with here.database.transaction() as db:
        await expire_by_time(db, uuid.UUID(order["id"]))
    assert (await buyer.order(order["id"]))["state"] == "expired"
    assert await shop.stock_left(sku["product_id"]) == 5
    await assert_ledger_sound(here)


async def test_a_balance_that_is_being_paid_when_its_time_ends_wins_where_the_provider_says_paid(
    here: Context, shop: Shop, buyer: Buyer
) -> None:
    order = await order_of(buyer, await offer(shop, await shop.sku(price_fen=15_000)))
    await pay(here, order)
    await balance_opens(here, order)
    charge = await begin(here, order)
    await balance_is_over(here, order)
    closing = await buyer.order(order["id"])
    assert (closing["state"], closing["actions"]) == ("reserved", [])
    refused = await buyer.client.put(f"/api/orders/{order['id']}/balance", json={"coupon_ids": []})
    assert refused.json()["code"] == "trade.payment_closing"
    assert await confirm(here, charge) is Outcome.PAID
    assert (await buyer.order(order["id"]))["state"] == "paid"
    await assert_ledger_sound(here)


async def test_a_balance_closed_by_the_provider_closes_the_order(here: Context, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=15_000, stock=5)
    order = await order_of(buyer, await offer(shop, sku))
    await pay(here, order)
    await balance_opens(here, order)
    charge = await begin(here, order)
    await balance_is_over(here, order)
    async with here.database.transaction() as db:
        await resolve._closed(db, charge)
    assert (await buyer.order(order["id"]))["presale"]["outcome"] == "kept"
    assert await confirm(here, charge) is Outcome.LATE, "and money that comes after all goes back"
    assert await confirm(here, charge) is Outcome.DUPLICATE
    assert await refunds_arrive(here, order) == [10_000]
    late = await buyer.order(order["id"])
    assert (late["state"], late["presale"]["outcome"]) == ("expired", "kept")
    assert await shop.stock_left(sku["product_id"]) == 5
    assert await balances(shop) == (0, 1_000)
    await assert_ledger_sound(here)


async def test_a_charge_that_only_ran_out_leaves_the_order_reserved(here: Context, shop: Shop, buyer: Buyer) -> None:
    order = await order_of(buyer, await offer(shop, await shop.sku(price_fen=15_000)))
    await pay(here, order)
    await balance_opens(here, order)
    first = await begin(here, order)
    async with here.database.transaction() as db:
        await resolve._closed(db, first)
    assert "pay" in (await buyer.order(order["id"]))["actions"]
    second = await begin(here, order)
    assert second.out_trade_no != first.out_trade_no
    assert await confirm(here, second) is Outcome.PAID
    assert await confirm(here, first) is Outcome.LATE, "two balances: the second one goes back"
    assert await refunds_arrive(here, order) == [10_000]
    assert (await buyer.order(order["id"]))["state"] == "paid"
    await assert_ledger_sound(here)


# --- late deposits


@pytest.mark.parametrize("gone", ["stock", "balance_over", "failed", None])
async def test_a_deposit_after_its_time(here: Context, shop: Shop, buyer: Buyer, gone: str | None) -> None:
    sku = await shop.sku(price_fen=15_000, stock=1)
    presale = await offer(shop, sku)
    order = await order_of(buyer, presale)
    charge = await begin(here, order)
    async with here.database.transaction() as db:
        await expire_by_time(db, uuid.UUID(order["id"]))
        await resolve._closed(db, charge)
    if gone == "stock":
        await buyer.place(sku)
    elif gone == "balance_over":
        query = "UPDATE trade.presale_orders SET balance_until = now() WHERE order_id = :id RETURNING 1"
        await column(here, query, id=uuid.UUID(order["id"]))
    elif gone == "failed":
        ok(await shop.staff.client.post(f"/api/shops/{shop.id}/presales/{presale['id']}/fail", json={"reason": "停产"}))
    said = await confirm(here, charge)
    if gone is None:
        assert said is Outcome.PAID
        assert (await buyer.order(order["id"]))["state"] == "reserved"
        assert await shop.stock_left(sku["product_id"]) == 0
    else:
        assert said is Outcome.LATE
        assert await refunds_arrive(here, order) == [1_000]
        assert (await buyer.order(order["id"]))["state"] == "expired"
    await assert_ledger_sound(here)


async def test_a_second_deposit_goes_back(here: Context, shop: Shop, buyer: Buyer) -> None:
    order = await order_of(buyer, await offer(shop, await shop.sku(price_fen=15_000)))
    first = await begin(here, order)
    async with here.database.transaction() as db:
        await resolve._closed(db, first)
    await pay(here, order)
    assert await confirm(here, first) is Outcome.LATE
    await balance_opens(here, order)
    await balance_is_over(here, order)
    assert await refunds_arrive(here, order) == [1_000]
    assert await balances(shop) == (0, 1_000)
    await assert_ledger_sound(here)


async def test_a_deposit_of_another_amount_changes_nothing(here: Context, shop: Shop, buyer: Buyer) -> None:
    order = await order_of(buyer, await offer(shop, await shop.sku(price_fen=15_000)))
    charge = await begin(here, order)
    assert await confirm(here, charge, amount_fen=999) is Outcome.WRONG_AMOUNT
    assert (await buyer.order(order["id"]))["state"] == "placed"


# --- money back
