"""Reads of broadcasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from kaibo.kernel.db import Db
from kaibo.stage.broadcasts.tables import broadcasts, live_figures
from kaibo.stage.contracts import BroadcastId, BroadcastMissing, BroadcastState, Mark, RoomId


@dataclass(frozen=True)
class Broadcast:
    id: BroadcastId
    room_id: RoomId
    host_id: UUID
    title: str
    cover_url: str | None
    state: BroadcastState
    operator_name: str
    marks: list[Mark]
    safety_notice: str
    sellers: list[dict[str, Any]]
    created_at: datetime
    created_by: UUID
    rehearsed_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    ended_why: str | None
    ended_reason: str | None
    ended_by: UUID | None


@dataclass(frozen=True)
class LiveFigures:
    online: int = 0
    likes: int = 0
    viewers_uv: int = 0


def _broadcast(row: Any) -> Broadcast:
    return Broadcast(**row._mapping)


async def broadcast(db: Db, broadcast_id: UUID, *, lock: bool = False) -> Broadcast:
    """Raises BroadcastMissing. `lock` holds the row until the transaction ends."""
    query = select(broadcasts).where(broadcasts.c.id == broadcast_id)
    row = (await db.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise BroadcastMissing(id=str(broadcast_id))
    return _broadcast(row)


async def broadcasts_by_id(db: Db, broadcast_ids: Iterable[UUID]) -> list[Broadcast]:
    """Those of these that exist."""
    rows = await db.execute(select(broadcasts).where(broadcasts.c.id.in_(list(broadcast_ids))))
    return [_broadcast(row) for row in rows]


async def open_broadcast(db: Db, room_id: UUID) -> Broadcast | None:
    """The room's broadcast that has not ended."""
    query = select(broadcasts).where(broadcasts.c.room_id == room_id, broadcasts.c.state != "ended")
    return await _one(db, query)


async def latest_broadcast(db: Db, room_id: UUID) -> Broadcast | None:
    """The open broadcast, else the one that ended last."""
    query = select(broadcasts).where(broadcasts.c.room_id == room_id)
    return await _one(db, query.order_by((broadcasts.c.state == "ended"), broadcasts.c.created_at.desc()).limit(1))


async def open_broadcasts(db: Db, room_ids: list[UUID]) -> dict[UUID, Broadcast]:
    """By room."""
    rows = await db.execute(select(broadcasts).where(broadcasts.c.room_id.in_(room_ids), broadcasts.c.state != "ended"))
    return {row.room_id: _broadcast(row) for row in rows}


async def live_broadcasts(db: Db, limit: int, after: tuple[datetime, UUID] | None = None) -> list[Broadcast]:
    """Live ones, the newest first; `after` is (started_at, id) of the last one seen."""
    query = select(broadcasts).where(broadcasts.c.state == "live")
    if after is not None:
        query = query.where(tuple_(broadcasts.c.started_at, broadcasts.c.id) < after)
    rows = await db.execute(query.order_by(broadcasts.c.started_at.desc(), broadcasts.c.id.desc()).limit(limit))
    return [_broadcast(row) for row in rows]


async def wall_broadcasts(db: Db, limit: int) -> list[Broadcast]:
    """Everything that is on or rehearsing, live first, the newest first."""
    query = select(broadcasts).where(broadcasts.c.state.in_(["live", "rehearsal"]))
    rows = await db.execute(query.order_by(broadcasts.c.state, broadcasts.c.created_at.desc()).limit(limit))
    return [_broadcast(row) for row in rows]


async def figures_of(db: Db, room_ids: list[UUID]) -> dict[UUID, LiveFigures]:
    """What each room's owner last wrote (at most two seconds old while it runs)."""
    rows = await db.execute(select(live_figures).where(live_figures.c.room_id.in_(room_ids)))
    return {row.room_id: LiveFigures(row.online, row.likes, row.viewers_uv) for row in rows}


async def _one(db: Db, query: Select[Any]) -> Broadcast | None:
    row = (await db.execute(query)).first()
    return None if row is None else _broadcast(row)
