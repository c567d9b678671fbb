"""Reads of watches and views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.contracts import WatchMissing
from kaibo.stage.viewers.tables import likes, views, watches

ONLINE_SECONDS = 30
"""A viewer not seen for this long is not online (docs: presence comes every ten seconds)."""


@dataclass(frozen=True)
class Watch:
    id: UUID
    viewer_id: UUID


async def watch(db: Db, room_id: UUID, watch_id: UUID) -> Watch:
    """Raises WatchMissing, also for another room's watch."""
    here = (watches.c.id == watch_id) & (watches.c.room_id == room_id)
    viewer_id = await db.scalar(select(watches.c.viewer_id).where(here))
    if viewer_id is None:
        raise WatchMissing(id=str(watch_id))
    return Watch(watch_id, viewer_id)


async def seen_lately(db: Db, room_id: UUID) -> list[Watch]:
    """Who is online, as far as PostgreSQL knows."""
    since = clock.now() - timedelta(seconds=ONLINE_SECONDS)
    here = (watches.c.room_id == room_id) & (watches.c.last_seen_at > since)
    rows = await db.execute(select(watches.c.id, watches.c.viewer_id).where(here).order_by(watches.c.last_seen_at))
    return [Watch(row.id, row.viewer_id) for row in rows]


async def viewers_of(db: Db, broadcast_id: UUID | None) -> set[UUID]:
    """Everybody who was in this broadcast."""
    if broadcast_id is None:
        return set()
    return set(
        (await db.execute(select(views.c.viewer_id).where(views.c.broadcast_id == broadcast_id).distinct())).scalars()
    )


async def likes_of(db: Db, broadcast_id: UUID | None) -> int:
    if broadcast_id is None:
        return 0
    return int(await db.scalar(select(func.sum(likes.c.count)).where(likes.c.broadcast_id == broadcast_id)) or 0)
