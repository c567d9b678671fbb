"""A fresh stream key for a room; the one before it is revoked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage import secret
from kaibo.stage.ingest.lookup import StreamKey
from kaibo.stage.ingest.tables import stream_keys
from kaibo.stage.rooms import lookup as rooms

KEY_HOURS = 24


async def issue_key(db: Db, room_id: UUID) -> StreamKey:
    """Good for KEY_HOURS, and longer while it is being used. Raises RoomMissing.

    A running publisher is not cut; its next connection is refused.
    """
    await rooms.room(db, room_id, lock=True)  # two rotations at once would make the same key twice
    now = clock.now()
    newest = await db.scalar(select(func.max(stream_keys.c.generation)).where(stream_keys.c.room_id == room_id))
    generation = (newest or 0) + 1
    key = secret.stream_key(room_id, generation)
    current = (stream_keys.c.room_id == room_id) & stream_keys.c.revoked_at.is_(None)
    await db.execute(update(stream_keys).where(current).values(revoked_at=now))
    expires_at = now + timedelta(hours=KEY_HOURS)
    await db.execute(
        stream_keys.insert().values(
            key_hash=secret.key_hash(key),
            room_id=room_id,
            generation=generation,
            last4=key[-4:],
            issued_at=now,
            expires_at=expires_at,
        )
    )
    return StreamKey(room_id=room_id, generation=generation, expires_at=expires_at, used_at=None, revoked_at=None)
