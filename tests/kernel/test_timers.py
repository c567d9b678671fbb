"""Timers are born with their transaction, fire once, and come back when they fail."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from kaibo.kernel import clock, tables
from kaibo.kernel.clock import FixedClock
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.timers import Sweeper, cancel_timer, set_timer

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
async def no_timers(here: Context) -> AsyncIterator[None]:
    async with here.database.transaction() as db:
        await db.execute(delete(tables.timers))
    yield
    async with here.database.transaction() as db:
        await db.execute(delete(tables.timers))


async def test_a_timer_fires_when_due_and_not_before(here: Context, no_timers: None) -> None:
    fired: list[str] = []

    async def ring(db: Db, key: str, payload: dict[str, Any]) -> None:
        fired.append(f"{key}{payload['n']}")

    with clock.use(FixedClock(START)) as at:
        assert isinstance(at, FixedClock)
        async with here.database.transaction() as db:
            await set_timer(db, kind="t.ring", key="a", due_at=START + timedelta(seconds=10), payload={"n": 1})
        sweeper = Sweeper(here.database, {"t.ring": ring})
        await sweeper.sweep()
        assert fired == []
        at.advance(seconds=11)
        await sweeper.sweep()
        await sweeper.sweep()
    assert fired == ["a1"]


async def test_a_timer_of_a_rolled_back_transaction_never_fires(here: Context, no_timers: None) -> None:
    with pytest.raises(RuntimeError):
        async with here.database.transaction() as db:
            await set_timer(db, kind="t.ring", key="b", due_at=START)
            raise RuntimeError
    async with here.database.transaction() as db:
        assert (await db.execute(select(tables.timers))).first() is None


async def test_many_sweepers_fire_each_timer_once(here: Context, no_timers: None) -> None:
    async with here.database.transaction() as db:
        for n in range(250):
            await set_timer(db, kind="t.once", key=str(n), due_at=START)
    fired: Counter[str] = Counter()

    async def note(db: Db, key: str, payload: dict[str, Any]) -> None:
        fired[key] += 1

    sweepers = [Sweeper(here.database, {"t.once": note}) for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(*(s.sweep() for s in sweepers))
    assert len(fired) == 250
    assert set(fired.values()) == {1}


async def test_a_failing_timer_leaves_its_neighbours_and_tries_again(here: Context, no_timers: None) -> None:
    done: list[str] = []

    async def act(db: Db, key: str, payload: dict[str, Any]) -> None:
        if key == "bad" and not done:
            raise ValueError("not yet")
        done.append(key)

    with clock.use(FixedClock(START)) as at:
        assert isinstance(at, FixedClock)
        async with here.database.transaction() as db:
            await set_timer(db, kind="t.try", key="bad", due_at=START - timedelta(seconds=2))
            await set_timer(db, kind="t.try", key="good", due_at=START - timedelta(seconds=1))
        sweeper = Sweeper(here.database, {"t.try": act})
        await sweeper.sweep()
        assert done == ["good"]
        async with here.database.transaction() as db:
            row = (await db.execute(select(tables.timers))).one()
        assert row.tries == 1
        assert "not yet" in row.last_error
        at.advance(seconds=5)
        await sweeper.sweep()
    assert done == ["good", "bad"]


async def test_a_cancelled_timer_is_gone_and_a_second_setting_moves_it(here: Context, no_timers: None) -> None:
    async with here.database.transaction() as db:
        await set_timer(db, kind="t.x", key="k", due_at=START)
        await set_timer(db, kind="t.x", key="k", due_at=START + timedelta(hours=1))
        assert (await db.execute(select(tables.timers.c.due_at))).scalar_one() == START + timedelta(hours=1)
        await cancel_timer(db, kind="t.x", key="k")
        assert (await db.execute(select(tables.timers))).first() is None


async def test_an_action_may_set_its_own_timer_again(here: Context, no_timers: None) -> None:
    async def again(db: Db, key: str, payload: dict[str, Any]) -> None:
        await set_timer(db, kind="t.again", key=key, due_at=clock.now() + timedelta(hours=1))

    with clock.use(FixedClock(START)):
        async with here.database.transaction() as db:
            await set_timer(db, kind="t.again", key="k", due_at=START)
        await Sweeper(here.database, {"t.again": again}).sweep()
        async with here.database.transaction() as db:
            assert (await db.execute(select(tables.timers.c.due_at))).scalar_one() == START + timedelta(hours=1)
