"""The clock receives an order whose period is over, but not while a trace says that a parcel is still on its way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders.receive import RECEIVE, receive_order
from kaibo.trade.orders.record import change_order
from kaibo.trade.orders.rules import due
from kaibo.trade.orders.terms import DAY_SECONDS, terms
from kaibo.trade.orders.timers import order_of_timer
from kaibo.trade.shipping import rules
from kaibo.trade.shipping.lookup import parcels_of_order


async def receive_by_time(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer `trade.order.receive`."""
    order = await order_of_timer(db, RECEIVE, key)
    if order is None or order.state is not OrderState.SHIPPED:
        return
    now, house = clock.now(), terms()
    if rules.is_travelling(order, await parcels_of_order(db, order.id), now, house):
        later = replace(order, receive_before=due(now, DAY_SECONDS, house))
        assert later.receive_before is not None
        await change_order(db, later, "receive_before")
        await timers.set_timer(db, kind=RECEIVE, key=key, due_at=later.receive_before)
        return
    await receive_order(db, order.id, by=None)
