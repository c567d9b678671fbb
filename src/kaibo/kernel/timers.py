"""Timers born in a transaction: something that must happen at an instant is a row of the transaction that decided it.

Swept with SKIP LOCKED (a job queue costs 4 ms of CPU a job and a row of its own life; see ADR 2). A timer's action and the row's
removal commit together, so it fires once, whatever is killed in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock, tables
from kaibo.kernel.db import Database, Db
from kaibo.kernel.telemetry import counter, get_logger

log = get_logger(__name__)

SWEEP_ROWS = 500
SWEEP_SECONDS = 1.0
RETRY_SECONDS_MAX = 3600

fired = counter("kaibo_timers_fired_total", "Timers that fired.", ("kind", "outcome"))

Action = Callable[[Db, str, dict[str, Any]], Awaitable[None]]
Sweep = Callable[[Database], Awaitable[bool]]
"""Does what has come due in rows that are their own timers, some hundreds at a time; True where more may be waiting."""


async def set_timer(db: Db, *, kind: str, key: str, due_at: datetime, payload: dict[str, Any] | None = None) -> None:
    """Have (kind, key) fire at `due_at`; a second call moves it."""
    row = insert(tables.timers).values(kind=kind, key=key, due_at=due_at, payload=payload or {}, tries=0)
    await db.execute(
        row.on_conflict_do_update(
            index_elements=["kind", "key"],
            set_={"due_at": row.excluded.due_at, "payload": row.excluded.payload, "tries": 0, "last_error": None},
        )
    )


async def cancel_timer(db: Db, *, kind: str, key: str) -> None:
    """The timer no longer fires. Nothing happens where there is none."""
    await db.execute(delete(tables.timers).where(tables.timers.c.kind == kind, tables.timers.c.key == key))


async def take_due(db: Db, *, kind: str, limit: int) -> list[str]:
    """The keys of due timers of this kind, oldest first, taken away in this transaction; others' are left alone."""
    t = tables.timers
    due = (
        select(t.c.key)
        .where(t.c.kind == kind, t.c.due_at <= clock.now())
        .order_by(t.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    keys = list((await db.execute(due)).scalars())
    if keys:
        await db.execute(delete(t).where(t.c.kind == kind, t.c.key.in_(keys)))
    return keys


class Timers:
    """The timers one wing acts on."""

    def __init__(self, wing: str) -> None:
        self.wing = wing
        self.all: dict[str, Action] = {}
        self.sweeps: list[Sweep] = []

    def sweep(self, sweep: Sweep) -> Sweep:
        """Have `sweep` called every SWEEP_SECONDS. For what is born ten thousand times a second (ADR 7)."""
        self.sweeps.append(sweep)
        return sweep

    def on(self, kind: str) -> Callable[[Action], Action]:
        def bind(action: Action) -> Action:
            self.all[kind] = action
            return action

        return bind


class Sweeper:
    """Fires due timers. Several may run at once; SKIP LOCKED keeps them apart."""

    def __init__(self, database: Database, actions: dict[str, Action], sweeps: Sequence[Sweep] = ()) -> None:
        self._database = database
        self._actions = actions
        self._sweeps = sweeps

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                busy = await self.sweep() == SWEEP_ROWS
                for sweep in self._sweeps:
                    busy = await sweep(self._database) or busy
            except Exception as wrong:
                log.warning("timers.sweep_failed", error=repr(wrong))
                busy = False
            if not busy:
                try:
                    await asyncio.wait_for(stop.wait(), SWEEP_SECONDS)
                except TimeoutError:
                    continue

    async def sweep(self) -> int:
        """Fire up to SWEEP_ROWS due timers, each in a transaction of its own; returns how many were found due.

        One transaction for all would collect the locks of a hundred orders, and two such would wait for each other.
        """
        t = tables.timers
        async with self._database.transaction() as db:
            due = (
                await db.execute(
                    select(t.c.kind, t.c.key)
                    .where(t.c.due_at <= clock.now(), t.c.kind.in_(list(self._actions)))
                    .order_by(t.c.due_at)
                    .limit(SWEEP_ROWS)
                )
            ).all()
        for row in due:
            await self._fire(row.kind, row.key)
        return len(due)

    async def _fire(self, kind: str, key: str) -> None:
        """Fire one timer, unless another sweeper has it or has moved it meanwhile."""
        t = tables.timers
        try:
            async with self._database.transaction() as db:
                this = and_(t.c.kind == kind, t.c.key == key, t.c.due_at <= clock.now())
                row = (await db.execute(select(t).where(this).with_for_update(skip_locked=True))).first()
                if row is None:
                    return
                # Removed first, so that the action may set the same timer again.
                await db.execute(delete(t).where(this))
                await self._actions[kind](db, key, row.payload)
            fired.labels(kind, "done").inc()
        except Exception as wrong:
            fired.labels(kind, "failed").inc()
            await self._put_off(kind, key, wrong)

    async def _put_off(self, kind: str, key: str, wrong: Exception) -> None:
        """Try a failed timer again, later each time."""
        t = tables.timers
        this = and_(t.c.kind == kind, t.c.key == key, t.c.due_at <= clock.now())
        async with self._database.transaction() as db:
            row = (await db.execute(select(t.c.tries).where(this).with_for_update(skip_locked=True))).first()
            if row is None:
                return
            log.error("timer.failed", kind=kind, key=key, tries=row.tries + 1, error=repr(wrong))
            wait = timedelta(seconds=min(RETRY_SECONDS_MAX, 2 ** min(row.tries, 12)))
            await db.execute(
                update(t)
                .where(this)
                .values(due_at=clock.now() + wait, tries=row.tries + 1, last_error=repr(wrong)[:1000])
            )
