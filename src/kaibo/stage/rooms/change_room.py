"""The crew renames a room or gives it another cover."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.stage.rooms import lookup
from kaibo.stage.rooms.tables import rooms


async def change_room(db: Db, room_id: UUID, *, name: str | None, cover_url: str | None) -> lookup.Room:
    """None leaves a part as it is. Raises RoomMissing."""
    now = await lookup.room(db, room_id)
    await db.execute(
        update(rooms).where(rooms.c.id == room_id).values(name=name or now.name, cover_url=cover_url or now.cover_url)
    )
    if name and name != now.name:
        await people.name_room(db, room_id, name)
    return await lookup.room(db, room_id)
