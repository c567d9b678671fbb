"""The crew slows the chat down, or lets it run."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel.db import Db
from kaibo.stage.live.announce import announce
from kaibo.stage.rooms.tables import rooms


async def slow_down(db: Db, room_id: UUID, seconds: int) -> None:
    """At most one line a person in `seconds`; 0 is the normal pace. The crew is not slowed."""
    await db.execute(update(rooms).where(rooms.c.id == room_id).values(slow_mode_seconds=seconds))
    await announce(db, room_id, "slow_mode", seconds=seconds)
