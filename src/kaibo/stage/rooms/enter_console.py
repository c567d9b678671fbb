"""Somebody of the crew opens the console: the room gets an owner, and the owner counts the board for them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.rooms import lookup
from kaibo.stage.rooms.tables import rooms


async def enter_console(db: Db, room_id: UUID, seconds: int) -> None:
    """Raises RoomMissing."""
    await lookup.room(db, room_id)
    now = clock.now()
    values = {"touched_at": now, "crew_until": now + timedelta(seconds=seconds)}
    await db.execute(update(rooms).where(rooms.c.id == room_id).values(**values))
