"""Reads of stream keys, streams and recordings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage import secret
from kaibo.stage.ingest.tables import recordings, stream_keys, streams
from kaibo.stage.wire import StreamHealthWire

KEY_GRACE_MINUTES = 15
"""A key that was pushing this recently stays good past its expiry: a dropped line must not end a broadcast."""

STREAM_STALE_SECONDS = 10
"""A publisher not heard of for this long no longer counts (the media engine reports every two seconds)."""


@dataclass(frozen=True)
class StreamKey:
    """`good` says whether an encoder may connect with it."""

    room_id: UUID
    generation: int
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    @property
    def text(self) -> str:
        return secret.stream_key(self.room_id, self.generation)

    def good(self, now: datetime) -> bool:
        lately = self.used_at is not None and now < self.used_at + timedelta(minutes=KEY_GRACE_MINUTES)
        return self.revoked_at is None and (now < self.expires_at or lately)


@dataclass(frozen=True)
class Stream:
    room_id: UUID
    publishing: bool
    client_id: str
    server_id: str
    ip: str
    seen_at: datetime
    since: datetime
    health: dict[str, Any] | None
    health_at: datetime | None

    @property
    def on(self) -> bool:
        """Whether somebody publishes, as far as was heard lately."""
        return self.publishing and clock.now() - self.seen_at <= timedelta(seconds=STREAM_STALE_SECONDS)

    def health_wire(self) -> StreamHealthWire | None:
        if self.health is None:
            return None
        return StreamHealthWire(**{**self.health, "publishing": self.on, "at": self.health_at})


def _key(row: Any) -> StreamKey:
    return StreamKey(row.room_id, row.generation, row.expires_at, row.used_at, row.revoked_at)


async def key_by_hash(db: Db, hashed: str) -> StreamKey | None:
    row = (await db.execute(select(stream_keys).where(stream_keys.c.key_hash == hashed))).first()
    return None if row is None else _key(row)


async def current_key(db: Db, room_id: UUID) -> StreamKey | None:
    here = (stream_keys.c.room_id == room_id) & stream_keys.c.revoked_at.is_(None)
    row = (await db.execute(select(stream_keys).where(here))).first()
    return None if row is None else _key(row)


async def streams_of(db: Db, room_ids: list[UUID]) -> dict[UUID, Stream]:
    rows = await db.execute(select(streams).where(streams.c.room_id.in_(room_ids)))
    return {row.room_id: _stream(row) for row in rows}


async def stream(db: Db, room_id: UUID, *, lock: bool = False) -> Stream | None:
    query = select(streams).where(streams.c.room_id == room_id)
    row = (await db.execute(query.with_for_update() if lock else query)).first()
    return None if row is None else _stream(row)


def _stream(row: Any) -> Stream:
    return Stream(
        row.room_id,
        row.publishing,
        row.client_id,
        row.server_id,
        row.ip,
        row.seen_at,
        row.since,
        row.health,
        row.health_at,
    )


async def recording_url(db: Db, recording_id: UUID) -> str | None:
    """Where a kept recording is served, None while it is not kept."""
    found: str | None = await db.scalar(
        select(recordings.c.url).where(recordings.c.id == recording_id, recordings.c.state == "kept")
    )
    return found
