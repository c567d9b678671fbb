"""Cancel orders that nobody has paid and nobody can pay any more."""

from __future__ import annotations

from collections.abc import Sequence
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
from kaibo.trade.points import hold as points
from kaibo.trade.pricing import coupons


async def cancel_orders(db: Db, orders: Sequence[Order], *, reason: str, by: UUID) -> None:
    """For locked orders whose charge is closed or never existed. Raises WrongState, and none is cancelled."""
    for order in orders:
        rules.require(order, OrderState.CANCELLED, "cancel")
    now = clock.now()
    for order in orders:
        cancelled = replace(order, state=OrderState.CANCELLED, closing=None, closing_why=None)
        await change_order(db, cancelled, "closing", "closing_why")
        await note_history(db, cancelled, at=now, actor="buyer", actor_id=by, why="trade.why.cancelled", said=reason)
        await publish(db, OrderCancelled(**about(cancelled, now), reason=reason))
    for checkout_id in sorted({order.checkout_id for order in orders}):
        await coupons.release(db, checkout_id)
    await points.release(db, orders)
    # Last and all at once: the pieces of one order after the other would be in no order, and two checkouts that share goods would
    # wait for each other in a circle.
    await goods.release_all(db, [order.id for order in orders])
