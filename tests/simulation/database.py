"""The house's own sessions on a real PostgreSQL, stopped by a gate before every statement and on both sides of every commit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from kaibo.kernel.db import APPLICATION_ROLE, Database, Db
from tests.simulation.scheduler import Crash, Scheduler

CONNECTIONS = 80


def engine_for(url: str) -> AsyncEngine:
    """As the house connects, but without time-outs: a task may hold a lock for as long as the dice want."""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=CONNECTIONS,
        max_overflow=0,
        connect_args={
            "server_settings": {"role": APPLICATION_ROLE, "timezone": "UTC", "search_path": "public,jobs"},
        },
    )


def lost_connection() -> DBAPIError:
    gone = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    return DBAPIError("…", None, gone, connection_invalidated=True)


class GatedDatabase(Database):
    """What a process has instead of kernel.db.Database."""

    def __init__(self, engine: AsyncEngine, scheduler: Scheduler) -> None:
        super().__init__(engine)
        self._scheduler = scheduler
        self._sessions = async_sessionmaker(engine, class_=_gated(scheduler), expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Db]:
        scheduler, db = self._scheduler, self._sessions()
        try:
            await db.begin()
            yield db
            await db.gate("commit")
            with scheduler.under_way():
                await db.commit()
            # From here on it is done; whether anybody is told is another matter.
            await scheduler.gate("committed")
        except BaseException:
            with scheduler.under_way():
                await db.rollback()
            raise
        finally:
            with scheduler.under_way():
                await db.close()


def _gated(scheduler: Scheduler) -> type[AsyncSession]:
    class Gated(AsyncSession):
        lost = False

        async def gate(self, what: str) -> None:
            """A transaction that has lost its connection once gets nothing done any more, whoever caught the error."""
            if self.lost:
                raise lost_connection()
            try:
                await scheduler.gate(what)
            except DBAPIError:
                self.lost = True
                raise

        async def execute(self, *words: Any, **more: Any) -> Any:
            return await self._run("execute", words, more)

        async def scalar(self, *words: Any, **more: Any) -> Any:
            return await self._run("scalar", words, more)

        async def scalars(self, *words: Any, **more: Any) -> Any:
            return (await self.execute(*words, **more)).scalars()

        async def _run(self, how: str, words: Any, more: Any) -> Any:
            await self.gate("sql")
            try:
                with scheduler.under_way() as flight:
                    return await getattr(AsyncSession, how)(self, *words, **more)
            except DBAPIError as wrong:
                scheduler.deadlocks += _circles(wrong)
                raise
            finally:
                if scheduler.died():
                    raise Crash
                if flight.held:
                    await self.gate("released")

        @asynccontextmanager
        async def begin_nested(self) -> AsyncIterator[None]:  # type: ignore[override]
            await self.gate("sql")
            with scheduler.under_way():
                nested = await AsyncSession.begin_nested(self)
            try:
                yield
            except BaseException:
                if not self.lost:
                    with scheduler.under_way():
                        await nested.rollback()
                raise
            with scheduler.under_way():
                await nested.commit()

    return Gated


def _circles(wrong: DBAPIError) -> list[str]:
    """What PostgreSQL says of a deadlock, whoever catches the error above: two orders of locks are a fault of the house's."""
    root = wrong.orig.__cause__ if wrong.orig is not None else None
    if not isinstance(root, asyncpg.DeadlockDetectedError):
        return []
    return [f"a deadlock: {str(wrong.statement)[:400]} · {root.detail} · {root.context}"]


class LockWatch:
    """How many statements wait for a lock now."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def blocked(self) -> int | None:
        """None where they wait for one another in a circle: PostgreSQL will end that by itself."""
        rows = await self._connection.fetch(
            "SELECT pid, CASE WHEN count(*) OVER () > 1 THEN pg_blocking_pids(pid) END AS by FROM pg_locks WHERE NOT granted"
        )
        waits = {row["pid"]: set(row["by"] or ()) for row in rows}
        if len(waits) > 1 and _circle(waits):
            return None
        return len(waits)


def _circle(waits: dict[int, set[int]]) -> bool:
    """Whether somebody waits, over however many others, for themselves."""
    for start in waits:
        seen: set[int] = set()
        open_: set[int] = set(waits[start])
        while open_:
            one = open_.pop()
            if one == start:
                return True
            if one in waits and one not in seen:
                seen.add(one)
                open_ |= waits[one]
    return False
