"""Workers share the rooms: each takes free ones up to its share, and gives some back when another worker joins."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from math import ceil
from uuid import UUID

import orjson
from sqlalchemy import exists, or_, select

from kaibo.kernel import clock
from kaibo.kernel.bus import Bus
from kaibo.kernel.db import Database
from kaibo.kernel.tasks import first_of
from kaibo.kernel.telemetry import gauge, get_logger
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.live.lease import Lease
from kaibo.stage.live.owner import RoomOwner
from kaibo.stage.rooms.tables import rooms

log = get_logger(__name__)

ROUND_SECONDS = 1.0
AWAKE_MINUTES = 10
"""A room without a broadcast keeps its owner this long after the last visitor entered."""

owned = gauge("kaibo_rooms_owned", "Rooms this worker owns.")


class Share:
    """The rooms of one worker."""

    def __init__(self, database: Database, bus: Bus, database_url: str) -> None:
        self._database = database
        self._bus = bus
        self._database_url = database_url
        self._owners: dict[UUID, tuple[RoomOwner, asyncio.Task[None]]] = {}
        self._wake = asyncio.Event()
        self._known: frozenset[UUID] = frozenset()

    @property
    def rooms(self) -> dict[UUID, RoomOwner]:
        return {room_id: owner for room_id, (owner, _) in self._owners.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; without PostgreSQL nothing is owned and it is tried again."""
        while not stop.is_set():
            try:
                await self._own(stop)
            except Exception as wrong:
                log.warning("rooms.lease_lost", error=repr(wrong))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), ROUND_SECONDS / 2)

    async def _own(self, stop: asyncio.Event) -> None:
        lease = await Lease.open(self._database_url, self._on_notice)
        try:
            while not stop.is_set() and not lease.lost.is_set():
                await self._round(lease)
                self._wake.clear()
                await first_of(stop.wait(), lease.lost.wait(), self._wake.wait(), timeout=ROUND_SECONDS)
        finally:
            await self._drop(list(self._owners))
            await lease.close()

    async def _round(self, lease: Lease) -> None:
        for room_id, (_, task) in list(self._owners.items()):
            if task.done():
                log.warning(
                    "room.owner_ended", room_id=str(room_id), error=repr(None if task.cancelled() else task.exception())
                )
                await self._give(lease, room_id)
        wanted = await self._wanted()
        self._known = frozenset(wanted)
        for room_id in [r for r in self._owners if r not in wanted]:
            await self._give(lease, room_id)
        share = ceil(len(wanted) / await lease.workers())
        for room_id in wanted:
            if len(self._owners) < share and room_id not in self._owners and await lease.take(room_id):
                owner = RoomOwner(room_id, self._database, self._bus)
                self._owners[room_id] = (owner, asyncio.create_task(owner.run(), name=f"room {room_id}"))
        for room_id in list(self._owners)[share:]:
            await self._give(lease, room_id)
        owned.set(len(self._owners))

    async def _wanted(self) -> list[UUID]:
        """Rooms that need an owner: a broadcast that has not ended, or visitors lately."""
        since = clock.now() - timedelta(minutes=AWAKE_MINUTES)
        on = exists().where(broadcasts.c.room_id == rooms.c.id, broadcasts.c.state.in_(["rehearsal", "live"]))
        query = select(rooms.c.id).where(or_(on, rooms.c.touched_at > since)).order_by(rooms.c.id)
        async with self._database.transaction() as db:
            return list((await db.execute(query)).scalars())

    async def _give(self, lease: Lease, room_id: UUID) -> None:
        await self._drop([room_id])
        await lease.give(room_id)

    async def _drop(self, room_ids: list[UUID]) -> None:
        """Stop owning, writing what was seen where that is still possible."""
        gone = [self._owners.pop(room_id) for room_id in room_ids]
        for _, task in gone:
            task.cancel()
        await asyncio.gather(*(task for _, task in gone), return_exceptions=True)
        for owner, _ in gone:
            if owner.ready.is_set():
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(owner.flush_now(), timeout=1)

    def _on_notice(self, payload: str) -> None:
        message = orjson.loads(payload)
        mine = self._owners.get(UUID(message["room"]))
        if mine is not None:
            mine[0].tell(message)
        elif UUID(message["room"]) not in self._known:
            self._wake.set()  # a room that nobody owned when we looked last
