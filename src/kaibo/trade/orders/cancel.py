"""Cancel an order that nobody has paid and nobody can pay any more."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderCancelled, OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.pricing import coupons


async def cancel_order(db: Db, order: Order, *, reason: str, by: UUID) -> Order:
    """For a locked order whose charge is closed or never existed. Raises WrongState."""
    rules.require(order, OrderState.CANCELLED, "cancel")
    now = clock.now()
    cancelled = replace(order, state=OrderState.CANCELLED, closing=None, closing_why=None)
    await change_order(db, cancelled, "closing", "closing_why")
    await coupons.release(db, cancelled.checkout_id)
    await goods.release(db, cancelled.id)
    await note_history(db, cancelled, at=now, actor="buyer", actor_id=by, why="trade.why.cancelled", said=reason)
    await publish(db, OrderCancelled(**about(cancelled, now), reason=reason))
    return cancelled
