"""The crew takes an item out of the bag."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.bag import lookup
from kaibo.stage.bag.order_bag import order_bag
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.broadcasts.lookup import Broadcast
from kaibo.stage.contracts import BagItemInPitch
from kaibo.stage.pitches.tables import pitches


async def take_out(db: Db, on: Broadcast, item_id: UUID) -> None:
    """The others move up. The caller holds the broadcast's row. Raises BagItemMissing, BagItemInPitch."""
    one = await lookup.item(db, on.id, item_id)
    if await db.scalar(select(pitches.c.id).where(pitches.c.item_id == item_id, pitches.c.ended_at.is_(None))):
        raise BagItemInPitch(number=one.number)
    await db.execute(update(bag_items).where(bag_items.c.id == item_id).values(removed_at=clock.now()))
    await order_bag(db, on, [i.id for i in await lookup.items(db, on.id)])
