"""What is being pushed: begun, heard of, stopped. One row a room."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.timers import cancel_timer, set_timer
from kaibo.stage.broadcasts.end import SILENT_TIMER
from kaibo.stage.broadcasts.lookup import open_broadcast
from kaibo.stage.broadcasts.rules import SILENT_MINUTES_MAX
from kaibo.stage.ingest import lookup
from kaibo.stage.ingest.tables import stream_keys, stream_notices, streams
from kaibo.stage.live.announce import announce

KEY_TOUCH_SECONDS = 60
RECONNECT_SECONDS = 15
"""The media engine keeps viewers waiting this long; only after it must players be told to load anew."""


async def begin(db: Db, key: lookup.StreamKey, key_hash: str, *, client_id: str, server_id: str, ip: str) -> str:
    """Let an encoder in: the empty string, or the word key of the refusal.

    The engine refuses a second publisher of its own; here a second one from another address is refused, while one from the same
    address replaces a connection whose end was not told yet.
    """
    now = clock.now()
    if key.revoked_at is not None:
        return "key_revoked"
    if not key.good(now):
        return "key_expired"
    on = await open_broadcast(db, key.room_id)
    if on is None:
        return "no_broadcast"
    before = await lookup.stream(db, key.room_id, lock=True)
    if before is not None and before.on and before.client_id != client_id and before.ip != ip:
        return "key_in_use"
    row = insert(streams).values(
        room_id=key.room_id,
        publishing=True,
        key_hash=key_hash,
        client_id=client_id,
        server_id=server_id,
        ip=ip,
        since=now,
        seen_at=now,
        ended_at=None,
        health=None,
        health_at=None,
    )
    columns = [c.name for c in streams.columns if c.name != "room_id"]
    await db.execute(row.on_conflict_do_update(index_elements=["room_id"], set_={c: row.excluded[c] for c in columns}))
    await db.execute(update(stream_keys).where(stream_keys.c.key_hash == key_hash).values(used_at=now))
    await cancel_timer(db, kind=SILENT_TIMER, key=str(on.id))
    if before is None or now - before.seen_at > timedelta(seconds=RECONNECT_SECONDS):
        await announce(db, key.room_id, "playback")
    return ""


async def stop(db: Db, *, client_id: str) -> UUID | None:
    """The encoder has gone. The room it pushed to, None for a client that does not hold one."""
    now = clock.now()
    mine = (streams.c.client_id == client_id) & streams.c.publishing
    row = (
        await db.execute(
            update(streams)
            .where(mine)
            .values(publishing=False, ended_at=now, seen_at=now)
            .returning(streams.c.room_id, streams.c.key_hash)
        )
    ).first()
    if row is None:
        return None
    await db.execute(update(stream_keys).where(stream_keys.c.key_hash == row.key_hash).values(used_at=now))
    on = await open_broadcast(db, row.room_id)
    if on is not None and on.state == "live":
        due_at = now + timedelta(minutes=SILENT_MINUTES_MAX)
        await set_timer(db, kind=SILENT_TIMER, key=str(on.id), due_at=due_at)
    room_id: UUID = row.room_id
    return room_id


async def report_health(db: Db, room_id: UUID, client_id: str, health: dict[str, Any]) -> lookup.Stream | None:
    """Keep the last report; None where this client does not push to the room (any more)."""
    now = clock.now()
    mine = (streams.c.room_id == room_id) & (streams.c.client_id == client_id) & streams.c.publishing
    row = (
        await db.execute(
            update(streams).where(mine).values(health=health, health_at=now, seen_at=now).returning(streams.c.key_hash)
        )
    ).first()
    if row is None:
        return None
    untouched = or_(stream_keys.c.used_at.is_(None), stream_keys.c.used_at < now - timedelta(seconds=KEY_TOUCH_SECONDS))
    await db.execute(update(stream_keys).where(stream_keys.c.key_hash == row.key_hash, untouched).values(used_at=now))
    return await lookup.stream(db, room_id)


async def note(db: Db, room_id: UUID, kind: str, detail: str) -> None:
    """What the crew was told of the stream stays on record."""
    on = await open_broadcast(db, room_id)
    await db.execute(
        stream_notices.insert().values(
            id=new_id(), room_id=room_id, broadcast_id=on.id if on else None, kind=kind, detail=detail
        )
    )
