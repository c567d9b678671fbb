"""The one owner of a room: gathers what the web processes send, numbers and publishes every frame, writes what it saw.

web -> stage.in.<room> (lines, likes, sightings) ---+
any transaction -> NOTIFY kaibo_room (announce.py) -+-> RoomOwner -> room.<id>.tick, .ctl, .crew
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from nats.aio.msg import Msg

from kaibo.kernel import clock
from kaibo.kernel.bus import Bus
from kaibo.kernel.db import Database
from kaibo.kernel.telemetry import counter, get_logger
from kaibo.stage.board.figures import board
from kaibo.stage.live import frames, hear, rules, subjects
from kaibo.stage.live.flush import flush
from kaibo.stage.live.load import begin_generation, load
from kaibo.stage.live.state import RoomState
from kaibo.stage.rooms import lookup as rooms

log = get_logger(__name__)

QUEUE_MESSAGES_MAX = 50_000
FLUSH_SECONDS = 2.0
BOARD_SECONDS = 1.0
BOARD_REST_FACTOR = 20
"""A board that takes long to count is counted less often: at most a twentieth of the time."""
LOOK_SECONDS = 1.0
SNAPSHOT_CACHE_SECONDS = 0.2

emitted = counter("kaibo_room_frames_total", "Frames published by room owners.", ("kind",))
dropped = counter("kaibo_room_messages_dropped_total", "Messages to a room owner that found its queue full.")


class RoomOwner:
    """Runs until cancelled. `hear.py` says what each message does to the state."""

    def __init__(self, room_id: UUID, database: Database, bus: Bus) -> None:
        self.room_id = room_id
        self.database = database
        self.bus = bus
        self.state = RoomState(seq=0)
        self.crew_until: datetime | None = None
        self.board_dirty = True
        self.moved_items: set[UUID] = set()
        self.asked_items: set[UUID] = set()
        self.ready = asyncio.Event()
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(QUEUE_MESSAGES_MAX)
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._flushing = asyncio.Lock()
        self._snapshot: tuple[float, int, bytes] = (0.0, -1, b"")

    async def run(self) -> None:
        """Subscribe, read the state, then own the room. Raises where PostgreSQL or NATS fail at the start."""
        # Subscribed before the state is read: what happens in between waits in the inbox.
        incoming = await self.bus.subscribe(subjects.incoming(self.room_id), self._on_message)
        asked = None
        try:
            await self._load()
            asked = await self.bus.subscribe(subjects.snapshot(self.room_id), self._on_snapshot)
            self.ready.set()
            async with asyncio.TaskGroup() as loops:
                for loop in (self._hear, self._tick, self._flush, self._refresh, self._count):
                    loops.create_task(loop(), name=f"room {self.room_id} {loop.__name__}")
        finally:
            for subscription in (incoming, asked):
                if subscription is not None:
                    with contextlib.suppress(Exception):  # the connection may be the very thing that failed
                        await subscription.unsubscribe()

    async def _load(self) -> None:
        async with self.database.transaction() as db:
            generation = await begin_generation(db, self.room_id)
            self.state = await load(db, self.room_id)
            self.crew_until = (await rooms.room(db, self.room_id)).crew_until
        log.info("room.owned", room_id=str(self.room_id), generation=generation)

    def tell(self, message: dict[str, Any]) -> None:
        """Put a message into the inbox; full means dropped and counted."""
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            dropped.inc()

    async def _on_message(self, message: Msg) -> None:
        try:
            self.tell(frames.decode(message.data))
        except ValueError:
            log.warning("room.message_malformed", room_id=str(self.room_id))

    async def _on_snapshot(self, message: Msg) -> None:
        at, seq, body = self._snapshot
        now = clock.monotonic()
        if seq != self.state.seq or now - at > SNAPSHOT_CACHE_SECONDS:
            body = self.state.snapshot().model_dump_json().encode()
            self._snapshot = (now, self.state.seq, body)
        await message.respond(body)

    # --- frames

    async def ctl(self, kind: str, **facts: object) -> None:
        """Publish a control frame at once."""
        async with self._turn:
            await self._publish(subjects.ctl(self.room_id), self.state.ctl(kind, **facts), "ctl")

    async def crew(self, frame: dict[str, Any]) -> None:
        await self._publish(subjects.crew(self.room_id), frame, "crew")

    def moved(self) -> None:
        """The state changed: the next tick may come."""
        self.board_dirty = True
        self._wake.set()

    async def _publish(self, subject: str, frame: dict[str, Any], kind: str) -> None:
        try:
            await self.bus.publish(subject, frames.encode(frame))
            emitted.labels(kind).inc()
        except Exception as wrong:  # viewers notice the gap in the numbers and take a snapshot
            log.warning("room.frame_lost", room_id=str(self.room_id), kind=kind, error=repr(wrong))

    # --- loops

    async def _hear(self) -> None:
        while True:
            message = await self._inbox.get()
            try:
                await hear.hear(self, message)
            except Exception as wrong:
                log.warning(
                    "room.message_failed", room_id=str(self.room_id), kind=message.get("kind"), error=repr(wrong)
                )
                if message.get("again", 0) < hear.TRIES_MAX and hear.reads_database(message):
                    # PostgreSQL may be restarting; what it announced must not be lost with the first try.
                    again = message | {"again": message.get("again", 0) + 1}
                    asyncio.get_running_loop().call_later(hear.RETRY_SECONDS, self.tell, again)

    async def _tick(self) -> None:
        last = 0.0
        while True:
            now = clock.monotonic()
            changed = self.state.changed()
            due = last + (rules.tick_seconds(self.state.online()) if changed else rules.IDLE_TICK_SECONDS)
            if now >= due and self.bus.connected:
                async with self._turn:
                    await self._publish(subjects.tick(self.room_id), self.state.tick(), "tick")
                last = now
                continue
            if changed:
                await asyncio.sleep(max(0.01, due - now))
                continue
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(LOOK_SECONDS, max(0.01, due - now)))

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush_now()
            except Exception as wrong:
                log.warning("room.flush_failed", room_id=str(self.room_id), error=repr(wrong))

    async def flush_now(self) -> None:
        """Write sightings and figures."""
        async with self._flushing, self.database.transaction() as db:
            await flush(db, self.room_id, self.state)

    async def _refresh(self) -> None:
        """Items whose stock moved are read again, at most once a tick; requests for pitches are told once a second."""
        told = 0.0
        while True:
            await asyncio.sleep(rules.TICK_SECONDS)
            if self.moved_items:
                try:
                    await hear.refresh_stock(self)
                except Exception as wrong:
                    log.warning("room.refresh_failed", room_id=str(self.room_id), error=repr(wrong))
                    await asyncio.sleep(LOOK_SECONDS)
            if self.asked_items and clock.monotonic() - told >= LOOK_SECONDS:
                told = clock.monotonic()
                asked, self.asked_items = self.asked_items, set()
                for item_id in asked & self.state.bag.keys():
                    await self.ctl("item.changed", item=self.state.bag[item_id])

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(BOARD_SECONDS)
            on = self.state.broadcast
            watched = self.crew_until is not None and self.crew_until > clock.now()
            if on is None or not watched or not self.board_dirty:
                continue
            self.board_dirty = False
            began = clock.monotonic()
            try:
                async with self.database.transaction() as db:
                    figures = await board(db, on.id)
            except Exception as wrong:
                self.board_dirty = True
                log.warning("room.board_failed", room_id=str(self.room_id), error=repr(wrong))
                continue
            counted = figures.model_copy(update={"online": self.state.online()})
            await self.crew({"t": "board", **counted.model_dump(mode="json")})
            await asyncio.sleep(max(0.0, BOARD_REST_FACTOR * (clock.monotonic() - began) - BOARD_SECONDS))

    def crew_watches(self, seconds: float) -> None:
        """Somebody opened the console: count the board for them."""
        self.crew_until = clock.now() + timedelta(seconds=seconds)
        self.board_dirty = True
