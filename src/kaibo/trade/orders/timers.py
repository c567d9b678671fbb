"""The timers of orders: what the clock does to them.

The sweeper fires many timers in one transaction. A timer whose order is being worked on elsewhere therefore never waits for it,
with the stock rows of other orders in hand: it comes back a second later.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.orders.lookup import lock_if_free
from kaibo.trade.orders.model import Order

AGAIN_SECONDS = 1


async def order_of_timer(db: Db, kind: str, key: str) -> Order | None:
    """The timer's order, locked; None, and the timer set again, where it is busy."""
    order = await lock_if_free(db, UUID(key))
    if order is None:
        due_at = clock.now() + timedelta(seconds=AGAIN_SECONDS)
        await timers.set_timer(db, kind=kind, key=key, due_at=due_at)
    return order
