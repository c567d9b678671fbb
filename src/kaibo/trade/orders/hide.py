"""The buyer clears an order that is over out of the list. It is hidden, not gone: the law keeps it for three years."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.contracts import WrongState
from kaibo.trade.orders import rules
from kaibo.trade.orders.lookup import lock_order, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import change_order


async def hide_order(db: Db, order_id: UUID, *, buyer_id: UUID) -> Order:
    """Saying it twice changes nothing. Raises OrderMissing, WrongState where something is still to come."""
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    if order.hidden_at is not None:
        return order
    if not rules.may_hide(order):
        raise WrongState(state=order.state.value, action="hide")
    hidden = replace(order, hidden_at=clock.now())
    await change_order(db, hidden, "hidden_at")
    return hidden
