"""The running pitch ends."""

from __future__ import annotations

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.broadcasts.lookup import Broadcast
from kaibo.stage.live.announce import announce
from kaibo.stage.pitches.tables import pitches


async def end_pitch(db: Db, on: Broadcast) -> None:
    """Nothing happens where none runs. The caller holds the broadcast's row."""
    running = (pitches.c.broadcast_id == on.id) & pitches.c.ended_at.is_(None)
    ended = await db.execute(update(pitches).where(running).values(ended_at=clock.now()).returning(pitches.c.item_id))
    for (item_id,) in ended:
        await announce(db, on.room_id, "pitch.ended", item_id=str(item_id))
