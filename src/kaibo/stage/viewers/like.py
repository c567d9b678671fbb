"""A viewer likes, some times at once."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.broadcasts.lookup import open_broadcast
from kaibo.stage.contracts import NotLive
from kaibo.stage.viewers import lookup
from kaibo.stage.viewers.tables import likes

LIKES_PER_CALL_MAX = 50


async def like(db: Db, room_id: UUID, watch_id: UUID, count: int) -> None:
    """One row a watch and minute: nobody waits for anybody else's row. Raises WatchMissing, NotLive."""
    watch = await lookup.watch(db, room_id, watch_id)
    on = await open_broadcast(db, room_id)
    if on is None or on.state != "live":
        raise NotLive()
    row = insert(likes).values(
        broadcast_id=on.id,
        minute=clock.now().replace(second=0, microsecond=0),
        watch_id=watch.id,
        viewer_id=watch.viewer_id,
        count=count,
    )
    more = {"count": likes.c.count + row.excluded.count}
    await db.execute(row.on_conflict_do_update(index_elements=["broadcast_id", "minute", "watch_id"], set_=more))
