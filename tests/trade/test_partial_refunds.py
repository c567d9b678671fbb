"""Several refunds of one order: each promise kept once, never more than was paid, and a way out where the provider cannot pay."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from kaibo.kernel.context import Context
from kaibo.trade.contracts import WrongState
from kaibo.trade.orders.lookup import find_order, lock_order
from kaibo.trade.payment.gateway import RefundStatus
from kaibo.trade.payment.hear_refund import hear_refund
from kaibo.trade.payment.model import RefundId
from kaibo.trade.payment.refund import promise_refund
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.test_late_money import finish_refunds
from tests.trade.test_paying import number_of, state_of
from tests.trade.test_refunding import ask, paid_order
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, ok


async def promise(here: Context, order: dict[str, Any], key: str, fen: int, reason: str = "少了一包") -> RefundId:
    async with here.database.transaction() as db:
        locked = await lock_order(db, uuid.UUID(order["id"]))
        return await promise_refund(db, locked, key=key, fen=fen, reason=reason, by="shop")


async def refunded_fen(here: Context, order: dict[str, Any]) -> int:
    async with here.database.transaction() as db:
        return (await find_order(db, uuid.UUID(order["id"]))).refunded_fen


async def test_two_parts_of_an_order_go_back_and_the_order_goes_on(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=1000))
    first = await promise(here, order, f"case:{order['id']}:1", 300)
    second = await promise(here, order, f"case:{order['id']}:2", 200)
    assert first != second
    assert await refunded_fen(here, order) == 500
    balances = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))["balances"]
    assert balances["in_transit_fen"] == 500
    await assert_ledger_sound(here)
    await finish_refunds(here, order)
    seen = await buyer.order(order["id"])
    assert seen["state"] == "paid"
    said = [line["why"] for line in seen["history"]]
    assert sorted(said[-2:]) == ["部分退款已到账：¥2.00", "部分退款已到账：¥3.00"]
    assert said[-4:-2] == [
        "同意部分退款：¥3.00 少了一包",
        "同意部分退款：¥2.00 少了一包",
    ]
    assert (await events_of(here, order["id"])).count("trade.payment.refund_done") == 2
    await assert_ledger_sound(here)


async def test_the_same_key_promises_once_woocommerce_24293(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=1000))
    key = f"case:{order['id']}"
    ids = await asyncio.gather(*(promise(here, order, key, 400) for _ in range(4)))
    assert len(set(ids)) == 1
    assert await refunded_fen(here, order) == 400
    with pytest.raises(ValueError, match="promised before"):
        await promise(here, order, key, 401)
    await finish_refunds(here, order)
    assert await promise(here, order, key, 400) == ids[0], "also when it has been paid long ago"
    await assert_ledger_sound(here)


async def test_never_more_than_was_paid_not_even_at_once(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=1000))
    said = await asyncio.gather(
        *(promise(here, order, f"case:{order['id']}:{n}", 400) for n in range(4)), return_exceptions=True
    )
    assert [type(one) for one in said].count(WrongState) == 2
    assert await refunded_fen(here, order) == 800
    for fen in (0, -1):
        with pytest.raises(ValueError, match="1 fen or more"):
            await promise(here, order, "never", fen)
    with pytest.raises(IntegrityError, match="refunds of 1201 fen for a charge of 1000"):
        async with here.database.transaction() as db:
            from sqlalchemy import text

            await db.execute(
                text(
                    "INSERT INTO trade.refunds (id, order_id, charge_id, key, out_refund_no, attempt, kind, state, fen,"
                    " reason, promised_by, notify_url, tries, created_at) SELECT gen_random_uuid(), order_id, charge_id,"
                    " 'by-the-back-door', 'R-back-door', 99, kind, state, 401, reason, promised_by, notify_url, 0, now()"
                    " FROM trade.refunds WHERE order_id = :id LIMIT 1"
                ),
                {"id": uuid.UUID(order["id"])},
            )
    await finish_refunds(here, order)
    await assert_ledger_sound(here)


async def test_an_unpaid_order_has_nothing_to_give_back(here: Context, shop: Shop, buyer: Buyer) -> None:
    order = await buyer.place(await shop.sku())
    with pytest.raises(WrongState):
        await promise(here, order, "early", 1)


async def test_parts_that_add_up_to_everything_refund_a_paid_order_and_return_its_pieces(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=500, stock=3)
    order = await paid_order(provider, buyer, sku, 2)
    await promise(here, order, f"a:{order['id']}", 300)
    assert await state_of(buyer, order) == "paid"
    granted = ok(await ask(buyer, order))
    assert (granted["state"], granted["refund"]["fen"]) == ("refunding", 700)
    assert await shop.stock_left(sku["product_id"]) == 3
    await finish_refunds(here, order)
    assert await state_of(buyer, order) == "refunded"
    assert (await events_of(here, order["id"])).count("trade.order.refunded") == 1
    await assert_ledger_sound(here)


async def test_a_shipped_order_is_refunded_when_everything_is_back(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=500))
    parcel = {"carrier": "sf", "tracking_number": "SF1234567890123"}
    path = f"/api/shops/{shop.id}/orders/{order['id']}/ship"
    ok(await shop.staff.client.post(path, json=parcel, headers={"Idempotency-Key": uuid.uuid4().hex}))
    await promise(here, order, f"a:{order['id']}", 200)
    await finish_refunds(here, order)
    assert await state_of(buyer, order) == "shipped"
    await promise(here, order, f"b:{order['id']}", 300)
    assert await state_of(buyer, order) == "shipped"
    await finish_refunds(here, order)
    assert await state_of(buyer, order) == "refunded"
    await assert_ledger_sound(here)


async def test_an_attempt_that_was_given_up_keeps_its_key_and_its_amount(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=500))
    key = f"a:{order['id']}"
    first = await promise(here, order, key, 200)
    async with here.database.transaction() as db:
        number = f"{number_of(order)}R01"
        await hear_refund(db, number, RefundStatus.CLOSED, fen=200, refund_id="5000", at=None)
    second = await promise(here, order, key, 200)
    assert second != first
    assert await refunded_fen(here, order) == 200
    await finish_refunds(here, order)
    await assert_ledger_sound(here)


async def make_abnormal(here: Context, provider: Sandbox, shop: Shop, buyer: Buyer) -> tuple[dict[str, Any], RefundId]:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=500))
    refund_id = await promise(here, order, f"a:{order['id']}", 200)
    async with here.database.transaction() as db:
        number = f"{number_of(order)}R01"
        await hear_refund(db, number, RefundStatus.ABNORMAL, fen=200, refund_id="5000", at=None)
    return order, refund_id


async def test_an_abnormal_refund_is_listed_and_paid_by_hand(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, sign_in: SignIn
) -> None:
    operator = await sign_in(roles=[("operator", "platform", None)])
    order, refund_id = await make_abnormal(here, provider, shop, buyer)
    listed = ok(await operator.client.get("/api/operator/refunds?state=abnormal&limit=100"))["items"]
    assert (listed[0]["id"], listed[0]["fen"], listed[0]["order_number"]) == (str(refund_id), 200, order["number"])
    path = f"/api/operator/refunds/{refund_id}/paid-by-hand"
    nameless = await operator.client.post(path, json={"reason": ""})
    assert nameless.status_code == 422
    unproven = await operator.client.post(path, json={"reason": "工行转账"})
    assert (unproven.status_code, unproven.json()["errors"][0]["path"]) == (422, "body.reference")
    body = {"reason": "工行转账", "reference": "8867"}
    paid = ok(await operator.client.post(path, json=body))
    assert (paid["state"], paid["handled_why"], paid["handled_reference"]) == ("done", "工行转账", "8867")
    bank = "SELECT e.fen FROM trade.ledger_entries e JOIN trade.ledger_accounts a ON a.id = e.account_id"
    bank += " JOIN trade.ledger_transactions t ON t.id = e.transaction_id WHERE a.kind = 'bank' AND t.order_id = :id"
    assert await column(here, bank, id=uuid.UUID(order["id"])) == [200], "out of the platform's own account"
    again = await operator.client.post(path, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "trade.wrong_state")
    history = [line["why"] for line in (await buyer.order(order["id"]))["history"]]
    assert history[-2:] == ["平台已人工打款退还：工行转账 · 8867", "部分退款已到账：¥2.00"]
    assert "trade.payment.refund_done" in await events_of(here, order["id"])
    refused = await buyer.client.get("/api/operator/refunds")
    assert refused.status_code == 403
    await assert_ledger_sound(here)


@pytest.mark.parametrize("anew", [False, True])
async def test_an_abnormal_refund_is_tried_again(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, sign_in: SignIn, anew: bool
) -> None:
    operator = await sign_in(roles=[("operator", "platform", None)])
    order, refund_id = await make_abnormal(here, provider, shop, buyer)
    path = f"/api/operator/refunds/{refund_id}/retry"
    tried = ok(await operator.client.post(path, json={"reason": "买家换了卡", "anew": anew}))
    assert tried["state"] == ("closed" if anew else "abnormal")
    await finish_refunds(here, order)
    numbers = "SELECT out_refund_no FROM trade.refunds WHERE order_id = :id AND state = 'done'"
    done = await column(here, numbers, id=uuid.UUID(order["id"]))
    assert done == [f"{number_of(order)}R0{2 if anew else 1}"]
    missing = await operator.client.post(f"/api/operator/refunds/{uuid.uuid4()}/retry", json={"reason": "x"})
    assert (missing.status_code, missing.json()["code"]) == (404, "trade.refund_missing")
    await assert_ledger_sound(here)
