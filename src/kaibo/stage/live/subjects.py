"""Names of the NATS subjects of a room. Viewers may subscribe to tick and ctl, the crew to crew as well; nobody publishes."""

from __future__ import annotations

from uuid import UUID


def tick(room_id: UUID) -> str:
    return f"room.{room_id}.tick"


def ctl(room_id: UUID) -> str:
    return f"room.{room_id}.ctl"


def crew(room_id: UUID) -> str:
    return f"room.{room_id}.crew"


def incoming(room_id: UUID) -> str:
    """From the web processes to the room's owner: lines, likes, sightings."""
    return f"stage.in.{room_id}"


def snapshot(room_id: UUID) -> str:
    """Request and reply: the owner's state."""
    return f"stage.snapshot.{room_id}"
