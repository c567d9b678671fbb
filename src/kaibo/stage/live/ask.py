"""The room's snapshot: from its owner, or from PostgreSQL where no owner answers in time."""

from __future__ import annotations

from uuid import UUID

from nats.errors import Error as NatsError
from pydantic import ValidationError

from kaibo.kernel.bus import Bus
from kaibo.kernel.db import Db
from kaibo.kernel.telemetry import counter
from kaibo.stage.chat.lookup import muted_until
from kaibo.stage.live import subjects
from kaibo.stage.live.load import load
from kaibo.stage.wire import SnapshotWire

ANSWER_SECONDS_MAX = 0.3

answered = counter("kaibo_room_snapshots_total", "Snapshots by who gave them.", ("by",))


async def snapshot(db: Db, bus: Bus, room_id: UUID, person_id: UUID | None) -> SnapshotWire:
    """The room now, with this person's mute. Raises RoomMissing (only where no owner answers)."""
    found = await _of_owner(bus, room_id)
    answered.labels("owner" if found else "postgres").inc()
    if found is None:
        found = (await load(db, room_id)).snapshot()
    return found.model_copy(update={"muted_until": await muted_until(db, room_id, person_id)})


async def _of_owner(bus: Bus, room_id: UUID) -> SnapshotWire | None:
    if not bus.connected:
        return None
    try:
        reply = await bus.client.request(subjects.snapshot(room_id), b"", timeout=ANSWER_SECONDS_MAX)
        return SnapshotWire.model_validate_json(reply.data)
    except (NatsError, TimeoutError, ValidationError):
        return None
