"""The crew drags the bag's items into another order."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel.db import Db
from kaibo.stage.bag import lookup, rules
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.broadcasts.lookup import Broadcast
from kaibo.stage.live.announce import announce


async def order_bag(db: Db, on: Broadcast, item_ids: Sequence[UUID]) -> None:
    """Number the items 1..n in this order. The caller holds the broadcast's row. Raises BagOrderStale."""
    there = await lookup.items(db, on.id)
    numbers = rules.renumbered([i.id for i in there], item_ids)
    for one in there:
        if one.number != numbers[one.id]:
            await db.execute(update(bag_items).where(bag_items.c.id == one.id).values(number=numbers[one.id]))
    await announce(db, on.room_id, "bag")
