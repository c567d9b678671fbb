"""The buyer needs longer to look at what came: once, and only when the time is running out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderState, WrongState
from kaibo.trade.orders import rules
from kaibo.trade.orders.errors import ExtendedAlready, ExtendTooEarly
from kaibo.trade.orders.lookup import lock_order, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.receive import RECEIVE
from kaibo.trade.orders.record import change_order, note_history
from kaibo.trade.orders.terms import terms


async def extend_receiving(db: Db, order_id: UUID, *, buyer_id: UUID) -> Order:
    """Raises OrderMissing, WrongState, ExtendedAlready, ExtendTooEarly."""
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    if order.state is not OrderState.SHIPPED or order.receive_before is None:
        raise WrongState(state=order.state.value, action="extend")
    if order.extended_seconds:
        raise ExtendedAlready(days=rules.EXTEND_DAYS)
    now, house = clock.now(), terms()
    opens_at = rules.extend_opens_at(order.receive_before, house)
    if now < opens_at:
        raise ExtendTooEarly(days=rules.EXTEND_WINDOW_DAYS, opens_at=opens_at)
    added = timedelta(seconds=rules.EXTEND_SECONDS * house.scale)
    longer = replace(order, extended_seconds=rules.EXTEND_SECONDS, receive_before=order.receive_before + added)
    assert longer.receive_before is not None
    await change_order(db, longer, "extended_seconds", "receive_before")
    await timers.set_timer(db, kind=RECEIVE, key=str(longer.id), due_at=longer.receive_before)
    await note_history(db, longer, at=now, actor="buyer", actor_id=buyer_id, why="trade.why.receiving_extended")
    return longer
