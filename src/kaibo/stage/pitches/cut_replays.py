"""A recording file was closed: the pitches it holds get their place on its clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.pitches.rules import cut
from kaibo.stage.pitches.tables import pitches


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


async def cut_replays(db: Db, room_id: UUID, recording_id: UUID, started_at: datetime, duration_ms: int) -> int:
    """How many pitches were placed. A pitch over two files keeps the longer piece; one still running is held to the file's end."""
    until = started_at + timedelta(milliseconds=duration_ms)
    rows = await db.execute(
        select(pitches)
        .join(broadcasts, broadcasts.c.id == pitches.c.broadcast_id)
        .where(
            broadcasts.c.room_id == room_id,
            pitches.c.started_at < until,
            or_(pitches.c.ended_at.is_(None), pitches.c.ended_at > started_at),
        )
    )
    placed = 0
    for row in rows:
        piece = cut(_ms(row.started_at), _ms(row.ended_at or clock.now()), _ms(started_at), duration_ms)
        if piece is None or (row.recording_id and row.end_ms - row.start_ms >= piece.end_ms - piece.start_ms):
            continue
        values = {"recording_id": recording_id, "start_ms": piece.start_ms, "end_ms": piece.end_ms}
        await db.execute(update(pitches).where(pitches.c.id == row.id).values(**values))
        placed += 1
    return placed
