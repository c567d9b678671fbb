"""What the stage has kept of the moment an order was placed: the replay of the pitch of that item."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from kaibo.kernel.db import Db
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.ingest.tables import recordings
from kaibo.stage.pitches.tables import pitches
from kaibo.trade.contracts import Source, SourceEvidence


async def pitch_at(db: Db, source: Source, at: datetime) -> SourceEvidence | None:
    """The last pitch of the item that had begun by `at`, or else the item's first one; None where no recording of it is kept."""
    if source.item is None:
        return None
    kept = (
        select(recordings.c.url, pitches.c.start_ms, pitches.c.end_ms, pitches.c.started_at, broadcasts.c.title)
        .join(recordings, recordings.c.id == pitches.c.recording_id)
        .join(broadcasts, broadcasts.c.id == pitches.c.broadcast_id)
        .where(
            pitches.c.item_id == source.item,
            pitches.c.broadcast_id == source.id,
            recordings.c.state == "kept",
            recordings.c.url.is_not(None),
        )
    )
    heard = kept.where(pitches.c.started_at <= at).order_by(pitches.c.started_at.desc()).limit(1)
    row = (await db.execute(heard)).first()
    if row is None:
        row = (await db.execute(kept.order_by(pitches.c.started_at).limit(1))).first()
    if row is None:
        return None
    return SourceEvidence(
        title=row.title, url=row.url, start_ms=row.start_ms, end_ms=row.end_ms, pitched_at=row.started_at
    )
