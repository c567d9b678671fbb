"""What a room's owner writes every two seconds: sightings, the figures of the room's card, the minute's online count."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.broadcasts.tables import live_figures, minutes
from kaibo.stage.live.state import RoomState
from kaibo.stage.viewers.lookup import likes_of
from kaibo.stage.viewers.record_sightings import record_sightings


async def flush(db: Db, room_id: UUID, state: RoomState) -> None:
    """Sightings are put back where writing fails."""
    seen, state.sightings = state.sightings, {}
    try:
        state.resolve(await record_sightings(db, room_id, state.live_id, seen))
        # What is still unknown is no watch of this room.
        state.unknown &= state.sightings.keys()
        await _figures(db, room_id, state)
    except BaseException:
        state.sightings = seen | state.sightings
        raise


async def _figures(db: Db, room_id: UUID, state: RoomState) -> None:
    now, online = clock.now(), state.online()
    figures = insert(live_figures).values(
        room_id=room_id,
        broadcast_id=state.broadcast.id if state.broadcast else None,
        online=online,
        likes=state.likes,
        viewers_uv=len(state.viewers),
        updated_at=now,
    )
    columns = ("broadcast_id", "online", "likes", "viewers_uv", "updated_at")
    await db.execute(
        figures.on_conflict_do_update(index_elements=["room_id"], set_={c: figures.excluded[c] for c in columns})
    )
    if state.live_id is None:
        return
    # Taps counted twice around a take-over are put right here; a count that viewers saw never goes down.
    state.likes = max(state.likes, await likes_of(db, state.live_id))
    minute = insert(minutes).values(
        broadcast_id=state.live_id, at=now.replace(second=0, microsecond=0), online=online, online_peak=online
    )
    peak = {
        "online": minute.excluded.online,
        "online_peak": func.greatest(minutes.c.online_peak, minute.excluded.online),
    }
    await db.execute(minute.on_conflict_do_update(index_elements=["broadcast_id", "at"], set_=peak))
