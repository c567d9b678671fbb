"""Reads of chat lines and mutes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.chat.tables import chat_lines, mutes
from kaibo.stage.contracts import LineMissing
from kaibo.stage.wire import ChatEventWire

LINES_KEPT_LIVE = 50


def _wire(row: Any) -> ChatEventWire:
    return ChatEventWire(
        id=row.id,
        kind="line",
        name=row.name,
        text=row.text,
        role=row.role,
        person_ref=row.person_ref,
        demo=row.demo,
        at=row.at,
    )


async def newest(db: Db, broadcast_id: UUID | None, limit: int = LINES_KEPT_LIVE) -> list[ChatEventWire]:
    """The newest lines that were not removed, oldest first."""
    if broadcast_id is None:
        return []
    here = (chat_lines.c.broadcast_id == broadcast_id) & chat_lines.c.removed_at.is_(None)
    rows = (await db.execute(select(chat_lines).where(here).order_by(chat_lines.c.at.desc()).limit(limit))).all()
    return [_wire(row) for row in reversed(rows)]


async def line(db: Db, room_id: UUID, line_id: UUID) -> ChatEventWire:
    """Raises LineMissing, also for another room's line or one that was removed."""
    here = (chat_lines.c.id == line_id) & (chat_lines.c.room_id == room_id) & chat_lines.c.removed_at.is_(None)
    row = (await db.execute(select(chat_lines).where(here))).first()
    if row is None:
        raise LineMissing(id=str(line_id))
    return _wire(row)


async def person_behind(db: Db, room_id: UUID, person_ref: str) -> UUID | None:
    here = (chat_lines.c.room_id == room_id) & (chat_lines.c.person_ref == person_ref)
    found: UUID | None = await db.scalar(select(chat_lines.c.person_id).where(here).limit(1))
    return found


async def muted_until(db: Db, room_id: UUID, person_id: UUID | None) -> datetime | None:
    if person_id is None:
        return None
    here = (mutes.c.room_id == room_id) & (mutes.c.person_id == person_id)
    until: datetime | None = await db.scalar(select(mutes.c.until).where(here).order_by(mutes.c.id.desc()).limit(1))
    return until if until is not None and until > clock.now() else None
