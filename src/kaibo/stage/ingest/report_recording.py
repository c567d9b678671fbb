"""The media engine has closed a recording file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.jobs import defer
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.contracts import HookMalformed
from kaibo.stage.ingest import lookup
from kaibo.stage.ingest.tables import recordings
from kaibo.stage.pitches.cut_replays import cut_replays

KEEP_JOB = "stage.recording.keep"


@dataclass(frozen=True)
class Finished:
    """A closed file. External servers leave `sha256`, `started_at_ms` and `duration_ms` empty (0)."""

    cwd: str
    file: str
    sha256: str
    bytes: int
    started_at_ms: int
    duration_ms: int
    recovered: bool


async def report_recording(db: Db, room_id: UUID, finished: Finished) -> UUID | None:
    """Its row, the places of pitches on its clock, and a job that verifies and stores it. None where it was told before."""
    if not finished.file:
        raise HookMalformed(problem="on_dvr without a file")
    started_at, duration_ms = await _clock_of(db, room_id, finished)
    recording_id = new_id()
    broadcast_id = await _broadcast_during(db, room_id, started_at, started_at + timedelta(milliseconds=duration_ms))
    row = insert(recordings).values(
        id=recording_id,
        room_id=room_id,
        broadcast_id=broadcast_id,
        file=str(Path(finished.cwd or "/") / finished.file),
        sha256=finished.sha256,
        bytes=finished.bytes,
        started_at=started_at,
        duration_ms=duration_ms,
        recovered=finished.recovered,
        state="reported",
    )
    if (await db.execute(row.on_conflict_do_nothing().returning(recordings.c.id))).first() is None:
        return None
    await cut_replays(db, room_id, recording_id, started_at, duration_ms)
    await defer(db, KEEP_JOB, recording_id=str(recording_id))
    return recording_id


async def _clock_of(db: Db, room_id: UUID, finished: Finished) -> tuple[datetime, int]:
    if finished.started_at_ms:
        return datetime.fromtimestamp(finished.started_at_ms / 1000, UTC), finished.duration_ms
    # SRS with dvr_plan session: the file spans the publication.
    stream = await lookup.stream(db, room_id)
    since = stream.since if stream else clock.now()
    return since, round((clock.now() - since).total_seconds() * 1000)


async def _broadcast_during(db: Db, room_id: UUID, start: datetime, end: datetime) -> UUID | None:
    """The broadcast that was live within the file's time: the latest where there were several."""
    live = (broadcasts.c.started_at < end) & or_(broadcasts.c.ended_at.is_(None), broadcasts.c.ended_at > start)
    found: UUID | None = await db.scalar(
        select(broadcasts.c.id)
        .where(broadcasts.c.room_id == room_id, func.coalesce(live, False))
        .order_by(broadcasts.c.started_at.desc())
        .limit(1)
    )
    return found
