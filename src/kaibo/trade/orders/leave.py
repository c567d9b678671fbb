"""Whether a person may close their account, as far as orders are concerned."""

from __future__ import annotations

from kaibo.kernel.db import Db
from kaibo.people.contracts import PersonId
from kaibo.trade.orders.lookup import open_order_count


async def open_orders(db: Db, person_id: PersonId) -> str | None:
    """ "open_orders" while money or goods are on their way to or from this person."""
    return "open_orders" if await open_order_count(db, person_id) else None
