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
from kaibo.stage.rooms.tables import follows, rooms

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


async def follows_seller(db: Db, person_id: UUID, shop_id: UUID | None) -> bool:
    """Whether they follow a room that sells this shop's goods; any room where no shop is named."""
    mine = select(follows.c.room_id).where(follows.c.person_id == person_id, follows.c.unfollowed_at.is_(None))
    followed = set((await db.execute(mine)).scalars())
    if shop_id is None or not followed:
        return bool(followed)
    return any(room.id in followed for room in await rooms_selling(db, shop_id))


async def room_names(db: Db, room_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Of those that exist."""
    query = select(rooms.c.id, rooms.c.name).where(rooms.c.id.in_(list(room_ids)))
    return {row.id: row.name for row in await db.execute(query)}
