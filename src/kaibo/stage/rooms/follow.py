"""A person follows a room's host, or no longer does."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.stage.broadcasts import lookup as broadcasts
from kaibo.stage.rooms import lookup
from kaibo.stage.rooms.tables import follows


async def follow(db: Db, room_id: UUID, person_id: UUID) -> None:
    """Following twice is following. The running broadcast is credited. Raises RoomMissing."""
    await lookup.room(db, room_id)
    on = await broadcasts.open_broadcast(db, room_id)
    row = insert(follows).values(
        id=new_id(),
        room_id=room_id,
        person_id=person_id,
        broadcast_id=on.id if on and on.state == "live" else None,
        followed_at=clock.now(),
    )
    await db.execute(row.on_conflict_do_nothing())


async def unfollow(db: Db, room_id: UUID, person_id: UUID) -> None:
    """Nothing happens where the person did not follow."""
    here = (follows.c.room_id == room_id) & (follows.c.person_id == person_id) & follows.c.unfollowed_at.is_(None)
    await db.execute(update(follows).where(here).values(unfollowed_at=clock.now()))
