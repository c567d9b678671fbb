"""The time to pay is over: the stock goes back on sale, for hundreds of orders at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import update

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish_many
from kaibo.trade.contracts import OrderExpired, OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, note_histories
from kaibo.trade.orders.tables import orders as table
from kaibo.trade.points import hold as points
from kaibo.trade.pricing import coupons


async def expire_orders(db: Db, orders: Sequence[Order]) -> list[Order]:
    """For locked orders whose charge is closed or never existed; in as many statements for five hundred as for one.

    Raises WrongState, and nothing has expired.
    """
    for order in orders:
        rules.require(order, OrderState.EXPIRED, "expire")
    now = clock.now()
    expired = [replace(order, state=OrderState.EXPIRED, closing=None, closing_why=None) for order in orders]
    ids = [order.id for order in expired]
    gone = {"state": OrderState.EXPIRED.value, "closing": None, "closing_why": None}
    await db.execute(update(table).where(table.c.id.in_(ids)).values(gone))
    await note_histories(db, expired, at=now, actor="system", why="trade.why.expired")
    await publish_many(db, [OrderExpired(**about(order, now)) for order in expired])
    await coupons.release_all(db, await coupons.held_among(db, {order.checkout_id for order in expired}))
    await points.release(db, expired)
    # Last: whoever orders one of these SKUs waits for its row from here to the commit.
    await goods.release_all(db, ids)
    return expired
