"""Orders that were placed together are told one by one.

The batch wrote one outbox row with their ids. All that OrderPlaced says stands frozen in the orders, so that it is made when the
relay gets to it, away from the till. An order is placed once: its event has the order's own id, whoever makes it and how often.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.kernel.events import Event
from kaibo.trade.contracts import OrderPlaced
from kaibo.trade.orders.lookup import find_orders
from kaibo.trade.orders.record import about

PLACED_TOGETHER = "trade.orders.placed_together"


async def placed_together(db: Db, bodies: list[dict[str, Any]]) -> list[list[tuple[UUID, Event]]]:
    """The OrderPlaced events of each batch, in the order of their ids."""
    batches = [[UUID(one) for one in body["order_ids"]] for body in bodies]
    orders = await find_orders(db, [one for batch in batches for one in batch])
    return [[(one, OrderPlaced(**about(orders[one], orders[one].created_at))) for one in batch] for batch in batches]
