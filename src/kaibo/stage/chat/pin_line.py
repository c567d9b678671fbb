"""The crew pins a line above the others."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel.db import Db
from kaibo.stage.chat import lookup
from kaibo.stage.live.announce import announce
from kaibo.stage.rooms.tables import rooms


async def pin_line(db: Db, room_id: UUID, line_id: UUID | None) -> None:
    """One pinned line a room; None takes it down. Raises LineMissing."""
    if line_id is not None:
        await lookup.line(db, room_id, line_id)
    await db.execute(update(rooms).where(rooms.c.id == room_id).values(pinned_line_id=line_id))
    await announce(db, room_id, "chat.pinned")
