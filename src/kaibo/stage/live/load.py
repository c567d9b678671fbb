"""A room's state out of PostgreSQL: for a new owner, and for a web process that finds no owner."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.bag import lookup as bag
from kaibo.stage.broadcasts import lookup as broadcasts
from kaibo.stage.chat import lookup as chat
from kaibo.stage.contracts import LineMissing
from kaibo.stage.live.rules import FRAMES_PER_GENERATION
from kaibo.stage.live.state import RoomState
from kaibo.stage.pitches import lookup as pitches
from kaibo.stage.rooms import lookup as rooms
from kaibo.stage.rooms.tables import rooms as rooms_table
from kaibo.stage.viewers import lookup as viewers
from kaibo.stage.wire import ChatEventWire


async def load(db: Db, room_id: UUID) -> RoomState:
    """Everything that is kept. Raises RoomMissing."""
    room = await rooms.room(db, room_id)
    state = RoomState(seq=room.generation * FRAMES_PER_GENERATION, slow_mode_seconds=room.slow_mode_seconds)
    await load_broadcast(db, room_id, state)
    state.pinned = await pinned(db, room)
    for watch in await viewers.seen_lately(db, room_id):
        state.presence.see(watch.id, watch.viewer_id, clock.monotonic())
    return state


async def load_broadcast(db: Db, room_id: UUID, state: RoomState) -> None:
    """What belongs to the open broadcast, read again."""
    on = state.broadcast = await broadcasts.open_broadcast(db, room_id)
    await load_bag(db, state)
    state.likes = await viewers.likes_of(db, state.live_id)
    state.viewers = await viewers.viewers_of(db, state.live_id)
    state.lines.clear()
    state.lines.extend(await chat.newest(db, on.id if on else None))


async def load_bag(db: Db, state: RoomState) -> None:
    on = state.broadcast
    state.bag = {item.id: item for item in await bag.shown(db, on.id if on else None)}
    running = await pitches.running(db, on.id) if on else None
    state.pitch = running.wire() if running else None


async def pinned(db: Db, room: rooms.Room) -> ChatEventWire | None:
    if room.pinned_line_id is None:
        return None
    try:
        line = await chat.line(db, room.id, room.pinned_line_id)
    except LineMissing:
        return None
    return line.model_copy(update={"pinned": True})


async def begin_generation(db: Db, room_id: UUID) -> int:
    """The number of this ownership; no two owners of a room ever share one."""
    made = await db.scalar(
        update(rooms_table)
        .where(rooms_table.c.id == room_id)
        .values(generation=rooms_table.c.generation + 1)
        .returning(rooms_table.c.generation)
    )
    return int(made or 0)
