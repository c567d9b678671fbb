"""The crew takes a line away."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.chat import lookup
from kaibo.stage.chat.tables import chat_lines
from kaibo.stage.live.announce import announce
from kaibo.stage.rooms.tables import rooms


async def remove_line(db: Db, room_id: UUID, line_id: UUID, by: UUID) -> None:
    """Viewers no longer see it; the row stays, with who removed it and when (law: three years). Raises LineMissing."""
    await lookup.line(db, room_id, line_id)
    await db.execute(update(chat_lines).where(chat_lines.c.id == line_id).values(removed_at=clock.now(), removed_by=by))
    pinned = (rooms.c.id == room_id) & (rooms.c.pinned_line_id == line_id)
    unpinned = await db.execute(update(rooms).where(pinned).values(pinned_line_id=None).returning(rooms.c.id))
    await announce(db, room_id, "chat.removed", id=str(line_id))
    if unpinned.first() is not None:
        await announce(db, room_id, "chat.pinned")
