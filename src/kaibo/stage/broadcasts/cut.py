"""The platform cuts a broadcast (互联网直播服务管理规定: cut at once, with the reason on record)."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.stage.broadcasts import lookup
from kaibo.stage.broadcasts.end import end
from kaibo.stage.contracts import NotLive
from kaibo.stage.ingest.issue_key import issue_key


async def cut_broadcast(db: Db, room_id: UUID, by: UUID, reason: str) -> lookup.Broadcast:
    """The stream key is replaced, so that an encoder that reconnects by itself stays out. Raises NotLive."""
    found = await lookup.open_broadcast(db, room_id)
    if found is None:
        raise NotLive()
    on = await lookup.broadcast(db, found.id, lock=True)
    ended = await end(db, on, why="operator", by=by, reason=reason)
    await issue_key(db, room_id)
    return ended
