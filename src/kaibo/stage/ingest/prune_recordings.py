"""Remove the oldest recordings of an installation that keeps only so much of them, as a demo does."""

from __future__ import annotations

from sqlalchemy import func, select, update

from kaibo.kernel import context
from kaibo.kernel.blobs import Blobs
from kaibo.kernel.db import Db
from kaibo.stage.ingest.tables import recordings

GIB = 1 << 30


async def prune_recordings(db: Db, blobs: Blobs) -> int:
    """Remove kept files, oldest first, until they fit into `record_keep_gib`; returns how many went. 0 keeps everything."""
    limit = context.settings().record_keep_gib * GIB
    if not limit:
        return 0
    kept = recordings.c.state == "kept"
    newer = func.sum(recordings.c.bytes).over(order_by=(recordings.c.started_at.desc(), recordings.c.id.desc()))
    sized = select(recordings.c.id, recordings.c.url, newer.label("bytes_with_newer")).where(kept).subquery()
    too_much = (await db.execute(select(sized.c.id, sized.c.url).where(sized.c.bytes_with_newer > limit))).all()
    for row in too_much:
        await db.execute(update(recordings).where(recordings.c.id == row.id).values(state="pruned", url=None))
        blobs.path(row.url.removeprefix("/blobs/")).unlink(missing_ok=True)
    return len(too_much)
