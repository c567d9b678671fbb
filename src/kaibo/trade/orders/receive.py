"""The goods have arrived: by the buyer's hand, or by the clock when the period is over. The after-sales window opens."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderReceived, OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.lookup import lock_order, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.orders.terms import terms

RECEIVE = "trade.order.receive"
SETTLE = "trade.settlement.close"


async def receive_order(db: Db, order_id: UUID, *, by: UUID | None) -> Order:
    """By the buyer `by`, or by the clock where `by` is None. Saying it twice changes nothing. Raises OrderMissing, WrongState."""
    order = await lock_order(db, order_id)
    if by is not None:
        require_buyer(order, by)
    if order.state is OrderState.RECEIVED:
        return order
    rules.require(order, OrderState.RECEIVED, "receive")
    now, house = clock.now(), terms()
    until = rules.due(now, house.after_sales_seconds, house)
    received = replace(order, state=OrderState.RECEIVED, received_at=now, after_sales_until=until)
    await change_order(db, received, "received_at", "after_sales_until")
    await timers.cancel_timer(db, kind=RECEIVE, key=str(received.id))
    await timers.set_timer(db, kind=SETTLE, key=str(received.id), due_at=until)
    if by is None:
        await note_history(db, received, at=now, actor="system", why="trade.why.received_by_time")
    else:
        await note_history(db, received, at=now, actor="buyer", actor_id=by, why="trade.why.received")
    await publish(db, OrderReceived(**about(received, now)))
    return received
