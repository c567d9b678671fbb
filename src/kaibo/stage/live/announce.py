"""Telling a room's owner what a transaction changed: PostgreSQL delivers the NOTIFY at commit, and never after a rollback."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from kaibo.kernel.db import Db

CHANNEL = "kaibo_room"
PAYLOAD_BYTES_MAX = 7_900
"""PostgreSQL allows 8,000; what is larger is not sent but read again by the owner, so payloads carry ids and small facts."""


async def announce(db: Db, room_id: UUID, kind: str, **facts: Any) -> None:
    """Have the room's owner hear of `kind` if and when this transaction commits (about a millisecond later)."""
    payload = orjson.dumps({"room": str(room_id), "kind": kind, **facts}).decode()
    assert len(payload.encode()) <= PAYLOAD_BYTES_MAX, f"{kind} is too large to announce"
    await db.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload})
