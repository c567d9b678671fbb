"""What a presale gives back, settles and forfeits, and what it refuses."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.trade.contracts import OrderId
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.orders.receive import receive_order
from kaibo.trade.payment import resolve
from kaibo.trade.payment.model import Outcome
from kaibo.trade.payment.refund import promise_refund
from kaibo.trade.presales import rules
from kaibo.trade.presales.fail import fail_order, fail_orders
from kaibo.trade.presales.model import Terms
from kaibo.trade.settlement.close import settle_order
from kaibo.trade.settlement.take_back import take_back
from kaibo.trade.shipping.ship import ship_parcel
from tests.conftest import SignIn
from tests.trade.presale_world import (
    balance_is_over,
    balance_opens,
    begin,
    confirm,
    offer,
    order_of,
    pay,
    refunds_arrive,
    terms,
    wish,
)
from tests.trade.test_presales import balances
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, key, make_buyer, ok


async def paid_order(here: Context, shop: Shop, buyer: Buyer, quantity: int = 1, **sku: Any) -> dict[str, Any]:
    made = await shop.sku(price_fen=15_000, stock=9, **sku)
    order = await order_of(buyer, await offer(shop, made), quantity)
    await pay(here, order)
    await balance_opens(here, order)
    await pay(here, order)
    return order | {"product_id": made["product_id"]}


async def test_a_refund_before_shipping_gives_both_payments_back(here: Context, shop: Shop, buyer: Buyer) -> None:
    order = await paid_order(here, shop, buyer, freight_fen=600)
    url = f"/api/orders/{order['id']}/refund"
    ok(await buyer.client.post(url, json={"reason": "不要了"}, headers=key()))
    assert (await buyer.order(order["id"]))["state"] == "refunding"
    assert await refunds_arrive(here, order) == [10_600, 1_000]
    assert (await buyer.order(order["id"]))["state"] == "refunded"
    assert await shop.stock_left(order["product_id"]) == 9
    done = "SELECT body->>'fen' FROM kernel.outbox WHERE subject = 'trade.payment.refund_done' AND aggregate_id = :id"
    assert await column(here, done, id=order["id"]) == ["11600"], "one promise, one event, whatever it took"
    await assert_ledger_sound(here)


async def test_partial_refunds_take_the_balance_first_and_end_at_what_was_paid(
    here: Context, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(here, shop, buyer)
    parts = [4_000, 6_500, 500]
    for number, fen in enumerate(parts):
        async with here.database.transaction() as db:
            locked = await lock_order(db, uuid.UUID(order["id"]))
            for _ in range(2):
                await promise_refund(db, locked, key=f"{order['id']}:{number}", fen=fen, reason="", by="shop")
        await assert_ledger_sound(here)
    assert await refunds_arrive(here, order) == [4_000, 6_000, 500, 500]
    by_charge = """
        SELECT sum(r.fen)::int FROM trade.refunds r JOIN trade.charges c ON c.id = r.charge_id
        WHERE r.order_id = :id GROUP BY c.attempt ORDER BY c.attempt
    """
    assert await column(here, by_charge, id=uuid.UUID(order["id"])) == [1_000, 10_000]
    assert (await buyer.order(order["id"]))["state"] == "refunded"
    await assert_ledger_sound(here)


async def test_settlement_and_a_refund_after_it_know_no_difference(here: Context, shop: Shop, buyer: Buyer) -> None:
    order = await paid_order(here, shop, buyer, freight_fen=600)
    id_ = uuid.UUID(order["id"])
    async with here.database.transaction() as db:
        about = {"carrier": "sf", "tracking_number": "SF1234567890123", "by": shop.staff.id}
        await ship_parcel(db, id_, shop_id=shop.id, **about)
        await receive_order(db, id_, by=buyer.person.id)
        await settle_order(db, id_)
    assert (await balances(shop))[0] == 0
    await assert_ledger_sound(here)
    async with here.database.transaction() as db:
        locked = await lock_order(db, OrderId(id_))
        line = locked.lines[0]
        await take_back(db, locked, key="whole", line_refunds=[(line.id, line.paid_fen)], freight_fen=600, by="shop")
        await promise_refund(db, locked, key=f"whole:{id_}", fen=11_600, reason="七天无理由", by="shop")
    assert await refunds_arrive(here, order) == [10_600, 1_000]
    assert await balances(shop) == (0, 0)
    await assert_ledger_sound(here)


# --- the merchant fails


async def fail(here: Context, shop: Shop, presale: dict[str, Any]) -> None:
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/presales/{presale['id']}/fail", json={"reason": "工厂停产"}))
    async with here.database.transaction() as db:
        await fail_orders(db, presale["id"], {})
    ids = "SELECT key FROM kernel.timers WHERE kind = 'trade.presale.fail_order' AND due_at <= now()"
    for key_ in await column(here, ids):
        async with here.database.transaction() as db:
            await fail_order(db, key_, {})


async def test_a_merchant_who_fails_gives_the_deposit_back_twice(
    here: Context, shop: Shop, buyer: Buyer, sign_in: SignIn
) -> None:
    sku = await shop.sku(price_fen=15_000, stock=9)
    presale = await offer(shop, sku)
    reserved, paid, unpaid = [await order_of(buyer, presale) for _ in range(3)]
    await pay(here, reserved)
    await pay(here, paid)
    await balance_opens(here, paid)
    await pay(here, paid)
    await fail(here, shop, presale)
    await fail(here, shop, presale)
    assert (await buyer.order(unpaid["id"]))["state"] == "expired"
    assert await refunds_arrive(here, reserved) == [1_000]
    assert await refunds_arrive(here, paid) == [10_000, 1_000]
    for order in (reserved, paid):
        gone = await buyer.order(order["id"])
        assert (gone["state"], gone["presale"]["outcome"], gone["presale"]["owed_fen"]) == (
            "refunded",
            "doubled",
            1_000,
        )
    assert await shop.stock_left(sku["product_id"]) == 9
    assert await balances(shop) == (0, -2_000), "the second deposits are the merchant's debt"
    operator = await sign_in(roles=[("operator", "platform", None)])
    payouts = ok(await operator.client.get("/api/operator/compensation/payouts"))["items"]
    mine = [one for one in payouts if one["order_number"] in (reserved["number"], paid["number"])]
    assert [(one["kind"], one["fen"], one["case_id"]) for one in mine] == [("deposit_doubled", 1_000, None)] * 2
    shown = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/presales"))["items"][0]
    assert (shown["stage"], shown["failed_why"]) == ("failed", "工厂停产")
    refused = await buyer.client.post(f"/api/presales/{presale['id']}/orders", json=wish(buyer), headers=key())
    assert refused.json()["code"] == "trade.presale_not_open"
    await assert_ledger_sound(here)


async def test_a_merchant_fails_while_a_balance_is_being_paid(here: Context, shop: Shop, buyer: Buyer) -> None:
    presale = await offer(shop, await shop.sku(price_fen=15_000))
    order = await order_of(buyer, presale)
    await pay(here, order)
    await balance_opens(here, order)
    charge = await begin(here, order)
    await fail(here, shop, presale)
    assert (await buyer.order(order["id"]))["actions"] == [], "its charge is being closed first"
    assert await confirm(here, charge) is Outcome.PAID, "and the provider says that it was paid"
    async with here.database.transaction() as db:
        await fail_order(db, order["id"], {})
    assert await refunds_arrive(here, order) == [10_000, 1_000]
    await assert_ledger_sound(here)


# --- at the same instant


async def test_the_last_piece_is_reserved_once(here: Context, shop: Shop, sign_in: SignIn) -> None:
    presale = await offer(shop, await shop.sku(price_fen=15_000, stock=1))
    buyers = [await make_buyer(sign_in) for _ in range(5)]
    url = f"/api/presales/{presale['id']}/orders"
    answers = await asyncio.gather(*(b.client.post(url, json=wish(b), headers=key()) for b in buyers))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"goods.out_of_stock"}


async def test_the_end_of_the_window_and_the_payment_at_the_same_instant(
    here: Context, shop: Shop, buyer: Buyer
) -> None:
    """Whoever has the order first decides; the money is on the order or on its way back, never both."""
    order = await order_of(buyer, await offer(shop, await shop.sku(price_fen=15_000)))
    await pay(here, order)
    await balance_opens(here, order)
    charge = await begin(here, order)

    async def closed() -> None:
        async with here.database.transaction() as db:
            await resolve._closed(db, charge)

    await balance_is_over(here, order)
    said, _, _ = await asyncio.gather(confirm(here, charge), closed(), closed())
    state = (await buyer.order(order["id"]))["state"]
    assert (said, state) in ((Outcome.PAID, "paid"), (Outcome.LATE, "expired"))
    await assert_ledger_sound(here)


# --- what is refused


async def test_an_order_says_yes_to_the_rule_of_the_deposit(shop: Shop, buyer: Buyer) -> None:
    presale = await offer(shop, await shop.sku(price_fen=15_000))
    url = f"/api/presales/{presale['id']}/orders"
    assert (await buyer.client.post(url, json=wish(buyer, agreed=False), headers=key())).status_code == 422
    refused = await buyer.client.post(url, json=wish(buyer, 6), headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "trade.presale_too_many")
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/presales/{presale['id']}/stop"))
    refused = await buyer.client.post(url, json=wish(buyer), headers=key())
    assert refused.json()["code"] == "trade.presale_not_open"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"deposit_fen": 2_401, "counts_as_fen": 2_401}, "20%"),
        ({"counts_as_fen": 999}, "抵扣"),
        ({"deposit_fen": 100, "counts_as_fen": 12_000}, "没有尾款"),
        ({"balance_from": "2020-01-01T00:00:00Z"}, "时间顺序"),
    ],
)
async def test_a_presale_that_cannot_be_is_refused_by_name(shop: Shop, changes: dict[str, Any], fault: str) -> None:
    sku = await shop.sku(price_fen=15_000)
    answer = await shop.staff.client.post(f"/api/shops/{shop.id}/presales", json=terms(sku, **changes), headers=key())
    assert (answer.status_code, answer.json()["code"]) == (422, "trade.presale_invalid")
    assert fault in answer.json()["detail"]


async def test_nobody_presells_the_goods_of_another_shop(shop: Shop, sign_in: SignIn) -> None:
    from tests.trade.world import open_shop

    other = await open_shop(sign_in)
    sku = await shop.sku(price_fen=15_000)
    answer = await other.staff.client.post(f"/api/shops/{other.id}/presales", json=terms(sku), headers=key())
    assert answer.json()["code"] == "goods.sku_missing"
    answer = await other.staff.client.post(f"/api/shops/{shop.id}/presales", json=terms(sku), headers=key())
    assert answer.status_code == 403


async def test_figures_of_a_presale(here: Context, shop: Shop, buyer: Buyer) -> None:
    presale = await offer(shop, await shop.sku(price_fen=15_000))
    first, second, _third = [await order_of(buyer, presale) for _ in range(3)]
    await pay(here, first)
    await pay(here, second)
    await balance_opens(here, second)
    await pay(here, second)
    found = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/presales"))["items"][0]["figures"]
    assert found == {
        "unpaid": 1,
        "reserved": 1,
        "paid": 1,
        "closed": 0,
        "pieces": 2,
        "deposits_fen": 2_000,
        "kept_fen": 0,
        "balances_fen": 10_000,
    }
    assert [
        one["id"] for one in ok(await buyer.client.get(f"/api/presales?product_id={presale['product_id']}"))["items"]
    ] == [presale["id"]]


# --- pure


@given(
    price=st.integers(2, 10**9), deposit=st.integers(0, 10**9), counts=st.integers(0, 10**9), days=st.integers(1, 400)
)
def test_whatever_passes_the_rules_has_a_lawful_deposit_and_a_balance(
    price: int, deposit: int, counts: int, days: int
) -> None:
    now = clock.now()
    wanted = Terms(
        sku_id=uuid.uuid4(),  # type: ignore[arg-type]
        price_fen=price,
        deposit_fen=deposit,
        counts_as_fen=counts,
        deposit_from=now,
        deposit_until=now + timedelta(hours=1),
        balance_from=now + timedelta(hours=1),
        balance_until=now + timedelta(days=days),
        ship_days=1,
        pieces_max=1,
    )
    if not rules.faults(wanted, now):
        assert 1 <= wanted.deposit_fen <= wanted.counts_as_fen < wanted.price_fen
        assert wanted.balance_fen >= 1
        assert wanted.deposit_fen * 5 <= wanted.deposit_fen + wanted.balance_fen
        assert days <= rules.PRESALE_DAYS_MAX
