"""Presales and their orders for tests: offered, reserved, moved along in time."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.web.wire import rfc3339
from kaibo.trade.orders.lookup import lock_checkout
from kaibo.trade.payment.confirm import PaidFact, confirm_charge
from kaibo.trade.payment.gateway import RefundStatus
from kaibo.trade.payment.hear_refund import hear_refund
from kaibo.trade.payment.lookup import charge_by_id
from kaibo.trade.payment.model import Charge, Outcome
from kaibo.trade.payment.start import start_charge
from kaibo.trade.presales.close_by_time import close_by_time
from kaibo.trade.presales.open_balance import open_balance
from tests.trade.world import Buyer, Shop, column, key, ok


def terms(sku: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A deposit of 10.00 that counts for 20.00, of 120.00: what is paid in all is 110.00."""
    now = clock.now()
    return {
        "sku_id": sku["id"],
        "price_fen": 12_000,
        "deposit_fen": 1_000,
        "counts_as_fen": 2_000,
        "deposit_from": rfc3339(now - timedelta(minutes=1)),
        "deposit_until": rfc3339(now + timedelta(days=1)),
        "balance_from": rfc3339(now + timedelta(days=2)),
        "balance_until": rfc3339(now + timedelta(days=3)),
        "ship_days": 15,
        "pieces_max": 5,
    } | changes


async def offer(shop: Shop, sku: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body = terms(sku, **changes)
    return dict(ok(await shop.staff.client.post(f"/api/shops/{shop.id}/presales", json=body, headers=key())))


def wish(buyer: Buyer, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    about = {"address_id": buyer.address_id, "source": {"kind": "shelf"}, "agreed": True}
    return about | {"quantity": quantity} | changes


async def order_of(buyer: Buyer, presale: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
    url, body = f"/api/presales/{presale['id']}/orders", wish(buyer, quantity)
    (order,) = ok(await buyer.client.post(url, json=body, headers=key()))["orders"]
    return dict(order)


async def begin(here: Context, order: dict[str, Any]) -> Charge:
    """A charge of what is due; nobody has asked the provider."""
    async with here.database.transaction() as db:
        orders = await lock_checkout(db, uuid.UUID(order["checkout_id"]))
        charge_id, _ = await start_charge(
            db, orders, method="wechat_h5", return_url="http://127.0.0.1/", payer_ip="127.0.0.1"
        )
        charge = await charge_by_id(db, charge_id)
    assert charge is not None
    return charge


def fact_of(charge: Charge, **changes: Any) -> PaidFact:
    said = {"transaction_id": f"4200{charge.out_trade_no}", "amount_fen": charge.amount_fen, "currency": "CNY"}
    return PaidFact(
        **{"provider": "wechatpay", "out_trade_no": charge.out_trade_no, "paid_at": clock.now()} | said | changes
    )


async def confirm(here: Context, charge: Charge, **changes: Any) -> Outcome:
    async with here.database.transaction() as db:
        return await confirm_charge(db, fact_of(charge, **changes))


async def pay(here: Context, order: dict[str, Any]) -> Charge:
    """What is due is paid, as the provider says."""
    charge = await begin(here, order)
    assert await confirm(here, charge) is Outcome.PAID
    return charge


async def move(here: Context, order: dict[str, Any], *, balance_from: datetime, balance_until: datetime) -> None:
    """Turn the calendar of a reserved order."""
    id_, dates = uuid.UUID(order["id"]), {"f": balance_from, "u": balance_until}
    async with here.database.transaction() as db:
        for table, names in (("orders", "balance_from = :f, pay_before = :u"), ("presale_orders", "")):
            changed = names or "balance_from = :f, balance_until = :u"
            column_ = "id" if table == "orders" else "order_id"
            await db.execute(text(f"UPDATE trade.{table} SET {changed} WHERE {column_} = :id"), dates | {"id": id_})


async def balance_opens(here: Context, order: dict[str, Any]) -> None:
    now = clock.now()
    await move(here, order, balance_from=now - timedelta(seconds=1), balance_until=now + timedelta(hours=1))
    async with here.database.transaction() as db:
        await open_balance(db, order["id"], {})


async def balance_is_over(here: Context, order: dict[str, Any]) -> None:
    now = clock.now()
    await move(here, order, balance_from=now - timedelta(hours=1), balance_until=now - timedelta(seconds=1))
    async with here.database.transaction() as db:
        await close_by_time(db, order["id"], {})


async def refunds_arrive(here: Context, order: dict[str, Any]) -> list[int]:
    """The provider says that everything promised has been paid; the amounts, by charge."""
    query = (
        "SELECT out_refund_no FROM trade.refunds WHERE order_id = :id AND state NOT IN ('done', 'closed') ORDER BY id"
    )
    for number in await column(here, query, id=uuid.UUID(order["id"])):
        async with here.database.transaction() as db:
            await hear_refund(db, number, RefundStatus.DONE, fen=None, refund_id="5000", at=None)
    done = "SELECT fen FROM trade.refunds WHERE order_id = :id AND state = 'done' ORDER BY id"
    return [int(fen) for fen in await column(here, done, id=uuid.UUID(order["id"]))]
