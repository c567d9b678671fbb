"""Reads of rooms and follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from kaibo.kernel.db import Db
from kaibo.stage.contracts import RoomId, RoomMissing
from kaibo.stage.rooms.tables import demo_persons, follows, rooms


@dataclass(frozen=True)
class Room:
    id: RoomId
    host_id: UUID
    name: str
    cover_url: str | None
    slow_mode_seconds: int
    pinned_line_id: UUID | None
    generation: int
    touched_at: datetime | None
    crew_until: datetime | None
    created_at: datetime


def _room(row: Any) -> Room:
    return Room(**row._mapping)


async def room(db: Db, room_id: UUID, *, lock: bool = False) -> Room:
    """Raises RoomMissing. `lock` holds the row until the transaction ends."""
    query = select(rooms).where(rooms.c.id == room_id)
    row = (await db.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise RoomMissing(id=str(room_id))
    return _room(row)


async def rooms_by_id(db: Db, room_ids: Iterable[UUID]) -> dict[UUID, Room]:
    rows = await db.execute(select(rooms).where(rooms.c.id.in_(list(room_ids))).order_by(rooms.c.created_at))
    return {row.id: _room(row) for row in rows}


async def rooms_hosted(db: Db, person_id: UUID) -> int:
    return int(await db.scalar(select(func.count()).select_from(rooms).where(rooms.c.host_id == person_id)) or 0)


async def followers(db: Db, room_id: UUID) -> int:
    current = (follows.c.room_id == room_id) & follows.c.unfollowed_at.is_(None)
    return int(await db.scalar(select(func.count()).select_from(follows).where(current)) or 0)


async def is_following(db: Db, room_id: UUID, person_id: UUID) -> bool:
    here = (follows.c.room_id == room_id) & (follows.c.person_id == person_id) & follows.c.unfollowed_at.is_(None)
    return await db.scalar(select(follows.c.id).where(here)) is not None


async def is_demo(db: Db, person_id: UUID) -> bool:
    """Whether this account belongs to the demo's crowd, so that everything it says is marked."""
    return await db.scalar(select(demo_persons.c.person_id).where(demo_persons.c.person_id == person_id)) is not None
