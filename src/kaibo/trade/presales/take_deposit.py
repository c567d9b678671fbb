"""The deposit is paid: the pieces are taken out of stock, and the buyer is told when the balance can be paid."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import update

from kaibo.goods import facade as goods
from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderState
from kaibo.trade.contracts.presales import OrderReserved
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.presales.lookup import part_of
from kaibo.trade.presales.tables import presale_orders

OPEN_BALANCE = "trade.presale.open_balance"
CLOSE_UNPAID = "trade.presale.close_unpaid"


async def take_deposit(db: Db, order: Order) -> Order:
    """placed -> reserved, for a locked order; also one that had expired, once `goods.retake` has set its pieces aside again.

    From here on `pay_before` is the end of the balance's window.
    """
    was_expired = order.state is OrderState.EXPIRED
    if not was_expired:
        rules.require(order, OrderState.RESERVED, "pay")
    now, ours = clock.now(), await part_of(db, order.id)
    reserved = replace(
        order,
        state=OrderState.RESERVED,
        balance_from=ours.balance_from,
        pay_before=ours.balance_until,
        closing=None,
        closing_why=None,
    )
    await change_order(db, reserved, "balance_from", "pay_before", "closing", "closing_why")
    await db.execute(update(presale_orders).where(presale_orders.c.order_id == reserved.id).values(reserved_at=now))
    # No trade yet at any price: only what was paid whole justifies a struck price.
    await goods.consume(db, reserved.id, {})
    await timers.set_timer(db, kind=OPEN_BALANCE, key=str(reserved.id), due_at=ours.balance_from)
    await timers.set_timer(db, kind=CLOSE_UNPAID, key=str(reserved.id), due_at=ours.balance_until)
    why = "trade.why.deposit_after_expiry" if was_expired else "trade.why.deposit_paid"
    await note_history(db, reserved, at=now, actor="payment", why=why)
    paid_fen, opens = ours.deposit_fen, ours.balance_from
    await publish(db, OrderReserved(**about(reserved, now), deposit_fen=paid_fen, balance_from=opens))
    return reserved
