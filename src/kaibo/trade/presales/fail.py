"""The merchant cannot keep a presale: every buyer gets back what they paid, and the deposit once more (Civil Code 587).

The first deposit goes back the way it came. The second is owed by the merchant's account, which may go below zero, and is paid by
an operator like every compensation beyond a payment.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.money import yuan
from kaibo.trade.compensation.owe_buyer import owe_buyer
from kaibo.trade.contracts import OrderState
from kaibo.trade.ledger.post import Account, AccountKind
from kaibo.trade.orders.expire import expire_orders
from kaibo.trade.orders.lookup import find_order
from kaibo.trade.orders.model import Closing, Order
from kaibo.trade.orders.record import change_order, note_history
from kaibo.trade.orders.timers import order_of_timer
from kaibo.trade.payment.lookup import live_charge
from kaibo.trade.payment.refund import promise_refund
from kaibo.trade.payment.start import QUERY
from kaibo.trade.presales.close_unpaid import decide
from kaibo.trade.presales.lookup import orders_to_fail, presale
from kaibo.trade.presales.model import Presale
from kaibo.trade.presales.tables import presale_orders, presales

FAIL = "trade.presale.fail"
FAIL_ORDER = "trade.presale.fail_order"
FAN_OUT_ORDERS = 500
CLOSED_YET_SECONDS = 5


async def fail_presale(db: Db, presale_id: UUID, *, shop_id: UUID, reason: str) -> Presale:
    """Nothing of it can be ordered or paid any more; its orders that are not shipped are worked off by timers.

    Saying it twice changes nothing. Raises PresaleMissing.
    """
    found = await presale(db, presale_id, shop_id=shop_id, lock=True)
    if found.failed_at is not None:
        return found
    failed = {"failed_at": clock.now(), "failed_why": reason}
    await db.execute(update(presales).where(presales.c.id == presale_id).values(failed))
    await timers.set_timer(db, kind=FAIL, key=str(presale_id), due_at=clock.now())
    return await presale(db, presale_id)


async def fail_orders(db: Db, key: str, payload: dict[str, Any]) -> None:
    """The timer `trade.presale.fail`: a timer for each order, some hundreds at a time, so that each has its own transaction."""
    after = UUID(payload["after"]) if "after" in payload else None
    found = await orders_to_fail(db, UUID(key), after=after, limit=FAN_OUT_ORDERS)
    for order_id in found:
        await timers.set_timer(db, kind=FAIL_ORDER, key=str(order_id), due_at=clock.now())
    if len(found) == FAN_OUT_ORDERS:
        more = {"after": str(found[-1])}
        await timers.set_timer(db, kind=FAIL, key=key, due_at=clock.now(), payload=more)


async def fail_order(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer `trade.presale.fail_order`. A charge that may still be paid is closed first; then this comes again."""
    order = await order_of_timer(db, FAIL_ORDER, key)
    if order is None:
        return
    if order.state in (OrderState.PLACED, OrderState.RESERVED):
        charge = await live_charge(db, order.checkout_id)
        if charge is not None:
            if order.closing is None:
                to: Closing = "expired" if order.state is OrderState.PLACED else "cancelled"
                await change_order(db, replace(order, closing=to), "closing")
            await timers.set_timer(db, kind=QUERY, key=str(charge.id), due_at=clock.now())
            again = clock.now() + timedelta(seconds=CLOSED_YET_SECONDS)
            await timers.set_timer(db, kind=FAIL_ORDER, key=key, due_at=again)
            return
    if order.state is OrderState.PLACED:
        await expire_orders(db, [order])
    elif order.state is OrderState.RESERVED or (order.state is OrderState.PAID and order.first_shipped_at is None):
        await _give_back_twice(db, order)


async def _give_back_twice(db: Db, order: Order) -> None:
    now, of_order = clock.now(), presale_orders.c.order_id == order.id
    await change_order(db, replace(order, closing=None, closing_why=None), "closing", "closing_why")
    query = presales.select().join(presale_orders, presale_orders.c.presale_id == presales.c.id).where(of_order)
    reason = str((await db.execute(query)).one().failed_why)
    said = f"{reason} ¥{yuan(order.deposit_fen)} × 2".strip()
    await note_history(db, order, at=now, actor="shop", why="trade.why.presale_failed", said=said)
    left_fen = order.paid_in_fen - order.refunded_fen
    if left_fen:
        fresh = await find_order(db, order.id)
        key = f"presale_failed:{order.id}"
        await promise_refund(db, fresh, key=key, fen=left_fen, reason=reason, by="shop", kind="presale_failed")
    await decide(db, order.id, "doubled", owed_fen=order.deposit_fen)
    await owe_buyer(
        db,
        key=f"deposit_doubled:{order.id}",
        kind="deposit_doubled",
        case_id=None,
        order_id=order.id,
        person_id=order.buyer_id,
        source=Account(AccountKind.MERCHANT_PAYABLE, order.shop_id),
        fen=order.deposit_fen,
    )
