"""A browser turns out to be a person: what it did here before counts as that person's, so that nobody is counted twice."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, exists, select, update

from kaibo.kernel.db import Db
from kaibo.stage.viewers.tables import item_views, likes, views, watches


async def recognise(db: Db, room_id: UUID, browser_id: UUID, person_id: UUID) -> bool:
    """True where there was anything to hand over."""
    if browser_id == person_id:
        return False
    known = (watches.c.room_id == room_id) & (watches.c.viewer_id == browser_id)
    # Rows are locked in the order in which the room's owner locks them (record_sightings).
    await db.execute(select(watches.c.id).where(known).order_by(watches.c.id).with_for_update())
    moved = (
        (
            await db.execute(
                update(watches).where(known).values(viewer_id=person_id, person_id=person_id).returning(watches.c.id)
            )
        )
        .scalars()
        .all()
    )
    if not moved:
        return False
    for table in (views, likes):
        await db.execute(update(table).where(table.c.watch_id.in_(moved)).values(viewer_id=person_id))
    here = select(views.c.broadcast_id).where(views.c.watch_id.in_(moved))
    theirs = (item_views.c.viewer_id == browser_id) & item_views.c.broadcast_id.in_(here)
    twin = item_views.alias("twin")
    doubled = exists().where(twin.c.item_id == item_views.c.item_id, twin.c.viewer_id == person_id)
    await db.execute(delete(item_views).where(theirs, doubled))
    await db.execute(update(item_views).where(theirs).values(viewer_id=person_id))
    return True
