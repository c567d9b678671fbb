"""Somebody opens a room's page: a watch begins, and a view where the broadcast is on."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.stage.broadcasts.lookup import open_broadcast
from kaibo.stage.contracts import TrafficSource
from kaibo.stage.rooms.lookup import room
from kaibo.stage.rooms.tables import rooms
from kaibo.stage.viewers.lookup import Watch
from kaibo.stage.viewers.recognise import recognise
from kaibo.stage.viewers.tables import views, watches

TOUCH_SECONDS = 60
"""The room's row is touched at most this often: a herd must not queue at one row."""


async def enter(db: Db, room_id: UUID, *, person_id: UUID | None, browser_id: UUID, source: TrafficSource) -> Watch:
    """`browser_id` comes from the cookie kaibo_viewer. Raises RoomMissing."""
    await room(db, room_id)
    now = clock.now()
    if person_id is not None:
        await recognise(db, room_id, browser_id, person_id)
    watch = Watch(new_id(), person_id or browser_id)
    await db.execute(
        watches.insert().values(
            id=watch.id,
            room_id=room_id,
            viewer_id=watch.viewer_id,
            person_id=person_id,
            source=source,
            entered_at=now,
            last_seen_at=now,
        )
    )
    on = await open_broadcast(db, room_id)
    if on is not None and on.state == "live":
        await db.execute(
            views.insert().values(
                broadcast_id=on.id,
                watch_id=watch.id,
                viewer_id=watch.viewer_id,
                source=source,
                entered_at=now,
                last_seen_at=now,
                watch_ms=0,
            )
        )
    await touch(db, room_id)
    return watch


async def touch(db: Db, room_id: UUID) -> None:
    """Somebody is here: the room is to have an owner."""
    now = clock.now()
    stale = or_(rooms.c.touched_at.is_(None), rooms.c.touched_at < now - timedelta(seconds=TOUCH_SECONDS))
    await db.execute(update(rooms).where(rooms.c.id == room_id, stale).values(touched_at=now))
