"""Put an unpaid order on its way out: no new payment may begin, and the charge that exists is being closed first.

Only after the provider has said "closed" is the stock released. If it says "paid" instead, the order is paid.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Closing, Order
from kaibo.trade.orders.record import change_order, note_history


async def begin_closing(db: Db, order: Order, to: Closing, *, reason: str = "", by: UUID | None = None) -> Order:
    """For a locked order. A buyer's cancellation that came first stays what it was. Raises WrongState."""
    rules.require(order, OrderState.EXPIRED, "cancel")
    if order.closing is not None:
        return order
    closing = replace(order, closing=to, closing_why=reason or None)
    await change_order(db, closing, "closing", "closing_why")
    if to == "cancelled":
        await note_history(
            db, closing, at=clock.now(), actor="buyer", actor_id=by, why="trade.why.cancel_asked", said=reason
        )
    return closing
