"""The time to pay is over: the stock goes back on sale."""

from __future__ import annotations

from dataclasses import replace

from kaibo.goods import facade as goods
from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderExpired, OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.place import EXPIRE
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.pricing import coupons


async def expire_order(db: Db, order: Order) -> Order:
    """For a locked order whose charge is closed or never existed. Raises WrongState."""
    rules.require(order, OrderState.EXPIRED, "expire")
    now = clock.now()
    expired = replace(order, state=OrderState.EXPIRED, closing=None, closing_why=None)
    await change_order(db, expired, "closing", "closing_why")
    await coupons.release(db, expired.checkout_id)
    await goods.release(db, expired.id)
    await timers.cancel_timer(db, kind=EXPIRE, key=str(expired.id))
    await note_history(db, expired, at=now, actor="system", why="trade.why.expired")
    await publish(db, OrderExpired(**about(expired, now)))
    return expired
