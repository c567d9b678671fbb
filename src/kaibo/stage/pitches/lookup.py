"""Reads of pitches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel.db import Db
from kaibo.stage.contracts import ReplayMissing
from kaibo.stage.ingest.tables import recordings
from kaibo.stage.pitches.tables import pitches
from kaibo.stage.wire import PitchWire, ReplayWire


@dataclass(frozen=True)
class Pitch:
    id: UUID
    broadcast_id: UUID
    item_id: UUID
    started_at: datetime

    def wire(self) -> PitchWire:
        return PitchWire(id=self.id, item_id=self.item_id, started_at=self.started_at)


def _pitch(row: Any) -> Pitch:
    return Pitch(row.id, row.broadcast_id, row.item_id, row.started_at)


async def running(db: Db, broadcast_id: UUID) -> Pitch | None:
    here = (pitches.c.broadcast_id == broadcast_id) & pitches.c.ended_at.is_(None)
    row = (await db.execute(select(pitches).where(here))).first()
    return None if row is None else _pitch(row)


async def replay(db: Db, room_id: UUID, pitch_id: UUID) -> ReplayWire:
    """Where this pitch can be seen again. Raises ReplayMissing, also for another room's pitch."""
    row = (
        await db.execute(
            select(recordings.c.url, pitches.c.start_ms, pitches.c.end_ms)
            .join(recordings, recordings.c.id == pitches.c.recording_id)
            .where(pitches.c.id == pitch_id, recordings.c.room_id == room_id, recordings.c.state == "kept")
        )
    ).first()
    if row is None:
        raise ReplayMissing()
    return ReplayWire(url=row.url, start_ms=row.start_ms, end_ms=row.end_ms)
