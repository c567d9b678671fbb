"""What a host needs to push a stream."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel.config import Settings
from kaibo.kernel.db import Db
from kaibo.stage.contracts import RoomMissing
from kaibo.stage.ingest import lookup
from kaibo.stage.wire import IngestWire


async def ingest_wire(db: Db, settings: Settings, room_id: UUID, host: str) -> IngestWire:
    """`host` is the page's, used where no public RTMP address is configured. Raises RoomMissing."""
    key = await lookup.current_key(db, room_id)
    if key is None:
        raise RoomMissing(id=str(room_id))
    stream = await lookup.stream(db, room_id)
    name = f"[{host}]" if ":" in host else host
    return IngestWire(
        rtmp_server=settings.rtmp_public_url or f"rtmp://{name}:{settings.rtmp_port}/live",
        stream_key=key.text,
        key_expires_at=key.expires_at,
        publishing=stream is not None and stream.on,
        health=stream.health_wire() if stream else None,
    )
