"""A web process tells a room's owner what just happened. Called after the commit, so that nothing is said that was rolled back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kaibo.kernel.bus import Bus
from kaibo.kernel.telemetry import get_logger
from kaibo.stage.live import frames, subjects

log = get_logger(__name__)


async def tell(bus: Bus, room_id: UUID, kind: str, **facts: Any) -> None:
    """Never raises: what happened is in PostgreSQL already, and the next snapshot holds it."""
    try:
        await bus.publish(subjects.incoming(room_id), frames.encode({"kind": kind, **facts}))
    except Exception as wrong:
        log.warning("room.not_told", room_id=str(room_id), kind=kind, error=repr(wrong))


async def tell_crew(bus: Bus, room_id: UUID, frame: dict[str, Any]) -> None:
    """A frame for the crew's console, past the owner (it carries no number). Never raises."""
    try:
        await bus.publish(subjects.crew(room_id), frames.encode(frame))
    except Exception as wrong:
        log.warning("crew.not_told", room_id=str(room_id), error=repr(wrong))
