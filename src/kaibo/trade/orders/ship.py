"""The merchant has handed the parcel to a carrier."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderShipped, OrderState
from kaibo.trade.orders import carriers, rules
from kaibo.trade.orders.lookup import lock_order, require_shop
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.orders.terms import terms

RECEIVE = "trade.order.receive"


async def ship_order(db: Db, order_id: UUID, *, shop_id: UUID, carrier: str, tracking_number: str, by: UUID) -> Order:
    """Raises OrderMissing, WrongState, UnknownCarrier, BadTrackingNumber."""
    number = carriers.check(carrier, tracking_number)
    order = require_shop(await lock_order(db, order_id), shop_id)
    rules.require(order, OrderState.SHIPPED, "ship")
    now, house = clock.now(), terms()
    shipped = replace(
        order,
        state=OrderState.SHIPPED,
        carrier=carrier,
        tracking_number=number,
        shipped_at=now,
        receive_before=rules.due(now, house.receive_seconds, house),
    )
    await change_order(db, shipped, "carrier", "tracking_number", "shipped_at", "receive_before")
    assert shipped.receive_before is not None
    await timers.set_timer(db, kind=RECEIVE, key=str(shipped.id), due_at=shipped.receive_before)
    said = f"{carriers.name(carrier)} {number}"
    await note_history(db, shipped, at=now, actor="shop", actor_id=by, why="trade.why.shipped", said=said)
    await publish(db, OrderShipped(**about(shipped, now), carrier=carrier, tracking_number=number))
    return shipped
