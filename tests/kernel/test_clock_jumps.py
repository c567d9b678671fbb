"""The wall clock jumps (a suspended machine, a corrected time server): nothing fires early or twice, and durations are unmoved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import delete, select

from kaibo.kernel import clock, tables
from kaibo.kernel.clock import FixedClock
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.timers import Sweeper, set_timer
from tests.kernel.gated import gated

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = 3600


@pytest.fixture
async def no_timers(here: Context) -> AsyncIterator[None]:
    async with here.database.transaction() as db:
        await db.execute(delete(tables.timers))
    yield
    async with here.database.transaction() as db:
        await db.execute(delete(tables.timers))


async def test_a_jump_forward_fires_once_what_is_due_by_then(here: Context, no_timers: None) -> None:
    fired: list[str] = []

    async def ring(db: Db, key: str, payload: dict[str, Any]) -> None:
        fired.append(key)

    with clock.use(FixedClock(START)) as at:
        assert isinstance(at, FixedClock)
        async with here.database.transaction() as db:
            for name, minutes in (("soon", 10), ("later", 50), ("tomorrow", 24 * 60)):
                await set_timer(db, kind="t.jump", key=name, due_at=START + timedelta(minutes=minutes))
        sweeper = Sweeper(here.database, {"t.jump": ring})
        at.advance(seconds=HOUR)
        await sweeper.sweep()
        assert fired == ["soon", "later"]
        at.advance(seconds=-HOUR)
        await sweeper.sweep()
        at.advance(seconds=HOUR)
        await sweeper.sweep()
    assert fired == ["soon", "later"], "what fired does not fire again when its time comes a second time"


async def test_a_jump_back_fires_nothing_early(here: Context, no_timers: None) -> None:
    fired: list[datetime] = []

    async def ring(db: Db, key: str, payload: dict[str, Any]) -> None:
        fired.append(clock.now())

    with clock.use(FixedClock(START)) as at:
        assert isinstance(at, FixedClock)
        async with here.database.transaction() as db:
            await set_timer(db, kind="t.jump", key="k", due_at=START + timedelta(seconds=60))
        sweeper = Sweeper(here.database, {"t.jump": ring})
        at.advance(seconds=-HOUR)
        for _ in range(4):
            await sweeper.sweep()
            at.advance(seconds=HOUR / 4)
        assert fired == []
        at.advance(seconds=61)
        await sweeper.sweep()
    assert fired == [START + timedelta(seconds=61)]


async def test_the_sweeper_goes_on_when_the_clock_jumps_while_it_rests(here: Context, no_timers: None) -> None:
    """Its rest is measured on the clock that never jumps: an hour back is not an hour of silence."""
    fired: list[str] = []

    async def ring(db: Db, key: str, payload: dict[str, Any]) -> None:
        fired.append(key)

    stop = asyncio.Event()
    with clock.use(FixedClock(START)) as at:
        assert isinstance(at, FixedClock)
        running = asyncio.create_task(Sweeper(here.database, {"t.jump": ring}).run(stop))
        await asyncio.sleep(0.3)
        at.advance(seconds=-HOUR)
        async with here.database.transaction() as db:
            await set_timer(db, kind="t.jump", key="k", due_at=clock.now())
        async with asyncio.timeout(5):
            while not fired:
                await asyncio.sleep(0.05)
        stop.set()
        await asyncio.wait_for(running, 5)
    assert fired == ["k"]


async def test_a_failed_timers_pause_is_not_forgotten_by_a_jump_back(here: Context, no_timers: None) -> None:
    async def fail(db: Db, key: str, payload: dict[str, Any]) -> None:
        raise ValueError("not now")

    with clock.use(FixedClock(START)) as at:
        assert isinstance(at, FixedClock)
        async with here.database.transaction() as db:
            await set_timer(db, kind="t.jump", key="k", due_at=START)
        sweeper = Sweeper(here.database, {"t.jump": fail})
        await sweeper.sweep()
        at.advance(seconds=-HOUR)
        for _ in range(3):
            await sweeper.sweep()
        async with here.database.transaction() as db:
            assert (await db.execute(select(tables.timers.c.tries))).scalar_one() == 1


async def test_durations_are_not_measured_on_the_wall_clock(here: Context, settings: Settings) -> None:
    """The wall clock runs backwards by an hour at every look; no request took less than nothing or more than a minute."""

    class Falling:
        def __init__(self) -> None:
            self.looks = 0

        def now(self) -> datetime:
            self.looks += 1
            return START - timedelta(hours=self.looks)

    before = clock.monotonic()
    async with gated(here, settings) as client:
        spent = await seconds_spent(client)
        with clock.use(Falling()):
            for _ in range(3):
                assert (await client.get("/api/meta")).status_code == 200
            after = await seconds_spent(client)
    assert 0 <= clock.monotonic() - before < 60
    assert after
    assert all(0 <= seconds - spent.get(series, 0.0) < 60 for series, seconds in after.items())


async def seconds_spent(client: AsyncClient) -> dict[str, float]:
    """The seconds of requests that this process has counted so far, by series; other tests of the process are in it."""
    lines = (await client.get("/metrics")).text.splitlines()
    parted = (line.rsplit(" ", 1) for line in lines if line.startswith("kaibo_http_seconds_sum"))
    return {series: float(seconds) for series, seconds in parted}
