"""The path of an event: row, stream, consumer; and what happens when something on it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select

from kaibo.kernel import reactions, tables
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.events import Event, decode, encode
from kaibo.kernel.ids import new_id
from kaibo.kernel.outbox import Relay, publish
from kaibo.kernel.reactions import Consumer, Reactions


@dataclass(frozen=True, kw_only=True)
class LampLit(Event):
    subject: ClassVar[str] = "tests.lamp.lit"
    lamp: UUID
    turn: int

    @property
    def aggregate_id(self) -> str:
        return str(self.lamp)


@pytest.fixture
async def no_events(here: Context) -> AsyncIterator[None]:
    async def clear() -> None:
        async with here.database.transaction() as db:
            for table in (tables.outbox, tables.handled, tables.parked):
                await db.execute(delete(table))

    await clear()
    yield
    await clear()


async def until(condition: Any, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


def test_an_event_survives_its_encoding() -> None:
    event = LampLit(lamp=new_id(), turn=3)
    assert decode(LampLit, encode(event)) == event


async def test_a_rolled_back_transaction_publishes_nothing(here: Context, no_events: None) -> None:
    with pytest.raises(RuntimeError):
        async with here.database.transaction() as db:
            await publish(db, LampLit(lamp=new_id(), turn=1))
            raise RuntimeError("the lamp broke")
    assert await Relay(here.database, here.bus).move_batch() == 0


async def test_events_of_an_aggregate_arrive_in_order_and_once(here: Context, no_events: None) -> None:
    heard: list[int] = []
    lamp = new_id()
    wing = Reactions(f"order{lamp.hex[-8:]}")

    @wing.on(LampLit)
    async def note(db: Db, event: LampLit) -> None:
        if event.lamp == lamp:
            heard.append(event.turn)

    for turn in range(40):
        async with here.database.transaction() as db:
            await publish(db, LampLit(lamp=lamp, turn=turn))
    stop = asyncio.Event()
    running = [
        asyncio.create_task(Relay(here.database, here.bus).run(stop)),
        asyncio.create_task(Consumer(here.database, here.bus, wing.all[0]).run(stop)),
    ]

    async def all_heard() -> bool:
        return len(heard) >= 40

    await until(all_heard)
    stop.set()
    await asyncio.wait(running, timeout=10)
    assert heard == list(range(40))


async def test_a_redelivered_event_changes_nothing(here: Context, no_events: None) -> None:
    times = 0
    wing = Reactions("redelivered")

    @wing.on(LampLit)
    async def count(db: Db, event: LampLit) -> None:
        nonlocal times
        times += 1

    event_id, body = new_id(), encode(LampLit(lamp=new_id(), turn=0))
    assert await reactions.apply(here.database, wing.all[0], event_id, body)
    assert not await reactions.apply(here.database, wing.all[0], event_id, body)
    assert times == 1


async def test_an_event_that_keeps_failing_is_parked_and_the_next_goes_on(
    here: Context, no_events: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "RETRY_SECONDS", (0.0, 0.0, 0.0, 0.0))
    lamp = new_id()
    heard: list[int] = []
    wing = Reactions(f"park{lamp.hex[-8:]}")

    @wing.on(LampLit)
    async def stumble(db: Db, event: LampLit) -> None:
        if event.lamp != lamp:
            return
        if event.turn == 0:
            raise ValueError("no bulb in this lamp")
        heard.append(event.turn)

    async with here.database.transaction() as db:
        await publish(db, LampLit(lamp=lamp, turn=0))
        await publish(db, LampLit(lamp=lamp, turn=1))
    await Relay(here.database, here.bus).move_batch()
    stop = asyncio.Event()
    running = asyncio.create_task(Consumer(here.database, here.bus, wing.all[0]).run(stop))

    async def next_heard() -> bool:
        return heard == [1]

    await until(next_heard)
    stop.set()
    await asyncio.wait([running], timeout=10)
    async with here.database.transaction() as db:
        row = (await db.execute(select(tables.parked))).one()
        handled = await db.scalar(select(func.count()).where(tables.handled.c.event_id == row.event_id))
    assert "no bulb in this lamp" in row.error
    assert row.tries == reactions.TRIES_MAX
    assert handled == 0


async def test_events_that_come_together_are_handled_together_or_one_by_one(here: Context, no_events: None) -> None:
    heard: list[int] = []
    wing = Reactions("together")

    @wing.on(LampLit)
    async def note(db: Db, event: LampLit) -> None:
        if event.turn == 13:
            raise RuntimeError("this lamp breaks")
        heard.append(event.turn)

    (reaction,) = wing.all
    ids = [new_id() for _ in range(6)]
    bodies = [encode(LampLit(lamp=new_id(), turn=turn)) for turn in (1, 2, 3, 4, 5, 13)]
    events = list(zip(ids, bodies, strict=True))
    assert await reactions.apply_all(here.database, reaction, events[:3]) == 3
    assert await reactions.apply_all(here.database, reaction, [*events[:5], events[4]]) == 2
    assert heard == [1, 2, 3, 4, 5]
    with pytest.raises(RuntimeError):
        await reactions.apply_all(here.database, reaction, [(new_id(), bodies[0]), events[5]])
    async with here.database.transaction() as db:
        handled = select(func.count()).select_from(tables.handled).where(tables.handled.c.consumer == reaction.consumer)
        assert await db.scalar(handled) == 5, "together they were rolled back"
