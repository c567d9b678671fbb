"""What is told of orders that were placed together.

The batch publishes one event with their ids (functions.py), so that a flash sale does not cost the house ten thousand messages a
second for listeners of whom most care for few or none. All that OrderPlaced says stands frozen in the orders: who wants it asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderId, OrderPlaced
from kaibo.trade.orders.lookup import find_orders
from kaibo.trade.orders.record import about


async def placed_orders(db: Db, order_ids: Sequence[OrderId]) -> list[OrderPlaced]:
    """What was placed, in the order of the ids; in two statements however many."""
    found = await find_orders(db, order_ids)
    return [OrderPlaced(**about(found[one], found[one].created_at)) for one in order_ids]
