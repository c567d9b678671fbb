"""Rooms as merchants know them: where their goods lie in the bag."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select

from kaibo.goods.contracts.windows import RoomName
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.rooms.tables import rooms

ROOMS_MAX = 100
RECENT = timedelta(days=30)


async def rooms_selling(db: Db, shop_id: UUID) -> list[RoomName]:
    """Rooms with the shop's goods in the bag of a broadcast that is coming, on, or ended in the last RECENT; the latest first."""
    recent = or_(broadcasts.c.state != "ended", broadcasts.c.ended_at > clock.now() - RECENT)
    query = (
        select(rooms.c.id, rooms.c.name)
        .join(broadcasts, broadcasts.c.room_id == rooms.c.id)
        .join(bag_items, bag_items.c.broadcast_id == broadcasts.c.id)
        .where(bag_items.c.shop_id == shop_id, bag_items.c.removed_at.is_(None), recent)
        .group_by(rooms.c.id, rooms.c.name)
        .order_by(func.max(bag_items.c.added_at).desc())
        .limit(ROOMS_MAX)
    )
    return [RoomName(row.id, row.name) for row in await db.execute(query)]


async def room_names(db: Db, room_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Of those that exist."""
    query = select(rooms.c.id, rooms.c.name).where(rooms.c.id.in_(list(room_ids)))
    return {row.id: row.name for row in await db.execute(query)}
