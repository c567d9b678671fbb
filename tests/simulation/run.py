"""One run: a fresh database, a world, everybody at work, the end. Raises Broken with the seed that shows it again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
import subprocess
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import structlog
import uuid_utils.compat
from sqlalchemy import text

from kaibo import migrate
from kaibo.kernel import clock, config, context
from kaibo.kernel.blobs import Blobs
from kaibo.kernel.db import Database, Db
from kaibo.kernel.engines.ports import free_port
from kaibo.kernel.engines.postgres import PostgresEngine
from kaibo.kernel.errors import Refused
from kaibo.kernel.events import Event
from kaibo.kernel.reactions import Reaction
from kaibo.kernel.timers import set_timer
from kaibo.trade import contracts
from kaibo.trade import reactions as trade
from kaibo.trade.ledger import rollup
from kaibo.trade.payment import wiring
from kaibo.trade.payment.statement import provider_statement
from kaibo.trade.reconciliation import fetch
from kaibo.trade.shipping import wiring as carriers
from tests.simulation import clients, mail, mornings, promoting, staff
from tests.simulation.clients import BUYING, Scene, Unknown
from tests.simulation.database import GatedDatabase, LockWatch, engine_for, lost_connection
from tests.simulation.house import FakeCarrier, House, Wrong
from tests.simulation.invariants import broken_at_the_end, broken_now
from tests.simulation.provider import FakeGateway, Letter
from tests.simulation.scheduler import CALM, Chances, Crash, Scheduler, Stuck
from tests.simulation.signatures import misfits
from tests.simulation.stream import RECORDER, FakeBus
from tests.simulation.world import World, make_world

BUYERS_AT_ONCE, SHOPS_AT_ONCE, OPERATORS_AT_ONCE = 9, 3, 1
CHECK_STEPS = 2_500
END_STEPS_MAX = 150_000
LOOK_STEPS = 400
ANALYZE_STEPS = 10_000


class Broken(Exception):
    """What did not hold."""


@dataclass(frozen=True)
class Report:
    seed: int
    steps: int
    ending_steps: int
    days: float
    crashes: int
    sites: int
    spared: list[str]
    """Await points of processes that were reached and at which nothing has died."""
    orders: dict[str, int]
    done: dict[str, int]
    refused: dict[str, int]
    temporary: dict[str, int]
    trace: str
    seconds: float


@contextlib.contextmanager
def a_server() -> Iterator[str]:
    """A PostgreSQL of our own, without fsync (nothing here is about the disk) and without anything that works by itself."""
    with tempfile.TemporaryDirectory(prefix="kaibo-simulation-", ignore_cleanup_errors=True) as directory:
        engine = PostgresEngine(Path(directory) / "postgres", free_port())
        engine.initialise()
        command = engine.command(
            fsync="off", synchronous_commit="off", full_page_writes="off", autovacuum="off", jit="off",
            deadlock_timeout="5ms", max_wal_size="4GB", checkpoint_timeout="1h",
        )  # fmt: skip
        process = subprocess.Popen(command, cwd="/", user=engine.user(), stderr=subprocess.DEVNULL)
        try:
            asyncio.run(engine.wait_until_ready())
            migrate.upgrade(engine.url())
            yield engine.url()
        finally:
            process.send_signal(2)
            process.wait(timeout=30)


async def run(
    server_url: str, seed: int, steps: int, *, chances: Chances | None = None, say: Any = lambda _: None
) -> Report:
    """`server_url` names the migrated database that is cloned for this run."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if wrong := [one for module in (clients, staff, promoting, mornings, mail) for one in misfits(module)]:
        raise Broken("\n  ".join(["a deed calls the house wrongly:", *wrong]))
    began = time.monotonic()
    url = await _clone(server_url, f"run_{seed}")
    scheduler = Scheduler(seed, chances or Chances())
    with _fixed(scheduler, url):
        simulation = Simulation(scheduler, url, say)
        try:
            await simulation.open()
            await simulation.go(steps)
            ending = await simulation.end()
        except Exception as wrong:
            what = wrong if isinstance(wrong, Broken) else "".join(traceback.format_exception(wrong))
            raise Broken(f"seed {seed}, step {scheduler.steps}, trace {scheduler.trace}: {what}") from wrong
        finally:
            await simulation.close()
    return await simulation.report(seed, steps, ending, time.monotonic() - began)


async def _clone(server_url: str, name: str) -> str:
    server = server_url.rpartition("/")[0]
    admin = await asyncpg.connect(f"{server}/postgres")
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {server_url.rpartition('/')[2]}")
    await admin.close()
    return f"{server}/{name}"


@contextlib.contextmanager
def _fixed(scheduler: Scheduler, url: str) -> Iterator[None]:
    """Time and chance come from the seed."""
    dice, before = random.Random(scheduler.dice.random()), (uuid_utils.compat.uuid7, secrets.randbelow, rollup.asyncio)
    made = iter(range(1, 1 << 60))

    def uuid7() -> UUID:
        stamp = int(scheduler.now * 1000) << 80
        return UUID(int=stamp | 0x7 << 76 | 0x2 << 62 | (next(made) << 16 | dice.getrandbits(16)) & ((1 << 62) - 1))

    uuid_utils.compat.uuid7, secrets.randbelow = uuid7, dice.randrange
    rollup.asyncio = SimpleNamespace(sleep=scheduler.sleep)
    with tempfile.TemporaryDirectory() as directory, clock.use(scheduler.clock):
        config.install(config.load(data_dir=Path(directory), database_url=url, rate_limit_scale=1000.0))
        try:
            yield
        finally:
            uuid_utils.compat.uuid7, secrets.randbelow, rollup.asyncio = before


class Simulation:
    def __init__(self, scheduler: Scheduler, url: str, say: Callable[[str], None]) -> None:
        self.scheduler = scheduler
        self.engine = engine_for(url)
        self.database = GatedDatabase(self.engine, scheduler)
        self.post: list[Letter] = []
        self.say = say
        self._url = url
        self._tasks: list[asyncio.Task[Any]] = []
        self._stop = False
        self._failed: list[BaseException] = []

    async def open(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_heard)
        self.admin = await asyncpg.connect(self._url, server_settings={"search_path": "public,jobs"})
        self.locks = await asyncpg.connect(self._url)
        await self.admin.execute(
            "CREATE SCHEMA simulation; CREATE TABLE simulation.effects (event_id uuid PRIMARY KEY, n int NOT NULL);"
            "GRANT ALL ON SCHEMA simulation TO kaibo_app; GRANT ALL ON simulation.effects TO kaibo_app"
        )
        self.plain = Database(engine_for(self._url))
        world = await make_world(self.plain)
        async with self.plain.transaction() as db:
            await db.execute(text("DELETE FROM kernel.outbox"))  # what was told while the world was made
            for kind in (rollup.ROLL_UP, fetch.MORNING):
                await set_timer(db, kind=kind, key="", due_at=clock.now())
        self.gateways = {name: FakeGateway(name, self.scheduler, self.post) for name in ("wechatpay", "alipay")}
        wiring.install(self.gateways)  # type: ignore[arg-type]
        fetch.install(provider_statement)
        carriers.install(FakeCarrier(self.scheduler))
        reactions = [*trade.reactions.all, *_recorders()]
        bus = FakeBus(self.scheduler, reactions)
        context.install(context.Context(config.current(), self.database, bus, Blobs(Path("/nonexistent"))))  # type: ignore[arg-type]
        self.scheduler.blocked = LockWatch(self.locks).blocked
        self.scheduler.lost_connection = lost_connection
        self.house = House(self.scheduler, self.database, bus, reactions, self.admin)
        self.scene = Scene(self.house, world, self.gateways)  # type: ignore[arg-type]
        self._people(world)

    def _people(self, world: World) -> None:
        self.house.open()
        for _ in range(BUYERS_AT_ONCE):
            self._spawn(self._work(BUYING))
        for _ in range(SHOPS_AT_ONCE):
            self._spawn(self._work(staff.SELLING))
        for _ in range(OPERATORS_AT_ONCE):
            self._spawn(self._work(staff.RULING))
        self._spawn(self._mail())
        self._spawn(self._lies())

    def _spawn(self, work: Any) -> None:
        self._tasks.append(self.scheduler.spawn(None, work))

    async def _work(self, deeds: dict[Callable[[Scene], Awaitable[None]], int]) -> None:
        while not self._stop:
            await self.scene.think()
            (deed,) = self.scheduler.dice.choices(list(deeds), list(deeds.values()))
            with contextlib.suppress(Refused, Unknown):
                await deed(self.scene)

    async def _tidy(self) -> None:
        """At the end: one after the other, until there is nothing."""
        while True:
            for deed in staff.TIDYING:
                await self.scene.think()
                with contextlib.suppress(Refused, Unknown):
                    await deed(self.scene)
            await self.house.nap()

    async def _mail(self) -> None:
        while True:
            await self.scene.think()
            for gateway in self.gateways.values():
                gateway.tick()
            if not await mail.carry(self.scene, self.post):
                waits = [one.due for one in self.post] + [due for g in self.gateways.values() for due in g.pending()]
                most = 86_400.0 if self.house.closing else 30.0
                await self.scheduler.sleep(max(1.0, min([most, *(due - self.scheduler.now for due in waits)])))

    async def _lies(self) -> None:
        while not self._stop:
            await self.scheduler.sleep(self.scheduler.dice.uniform(30, 600))
            await mail.lie(self.scene)

    async def go(self, steps: int) -> None:
        while self.scheduler.steps < steps:
            await self.scheduler.step()
            if self.scheduler.deadlocks:
                raise Broken("\n  ".join(["", *self.scheduler.deadlocks]))
            if self.scheduler.steps % 50 == 0:
                self._look_after_tasks()
            if self.scheduler.steps % ANALYZE_STEPS == 0:
                await self.admin.execute(
                    "ANALYZE"
                )  # not VACUUM: it would wait for the pages that open transactions read
            if self.scheduler.steps % CHECK_STEPS == 0:
                await self.check()
        self._look_after_tasks()

    async def check(self) -> None:
        if found := await broken_now(self.scene, self.plain, self.admin):
            raise Broken("\n  ".join(["", *found]))

    async def end(self) -> int:
        """No more faults and no new orders: all that was begun comes to its end, or it hangs. Returns the steps it took."""
        self._stop = self.house.closing = True
        self.house.bus.faults = False
        for gateway in self.gateways.values():
            gateway.faults = False
        self.scheduler.chances = CALM
        self._spawn(self._tidy())
        began = self.scheduler.steps
        while self.scheduler.steps - began < END_STEPS_MAX:
            for _ in range(LOOK_STEPS):
                await self.scheduler.step()
            if self.scheduler.deadlocks:
                raise Broken("\n  ".join(["", *self.scheduler.deadlocks]))
            self._look_after_tasks()
            await self.admin.execute("DELETE FROM kernel.timers WHERE kind = ANY($1)", [rollup.ROLL_UP, fetch.MORNING])
            if not await broken_at_the_end(self.scene, self.admin) and not self.post:
                await self.check()
                return self.scheduler.steps - began
        raise Broken("\n  ".join(["it does not come to rest:", *await broken_at_the_end(self.scene, self.admin)]))

    def _look_after_tasks(self) -> None:
        for task in (*self.house.loops, *self._tasks):
            if task.done() and not task.cancelled():
                wrong = task.exception()
                if wrong is not None and not isinstance(wrong, Crash):
                    raise wrong

    async def close(self) -> None:
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)
        self.orders: dict[str, int] = {}
        with contextlib.suppress(Exception):
            rows = await self.admin.fetch("SELECT state, count(*) AS n FROM trade.orders GROUP BY 1 ORDER BY 1")
            self.orders = {row["state"]: row["n"] for row in rows}
        for connection in (self.admin, self.locks):
            connection.terminate()
        await self.plain.close()
        await self.engine.dispose()
        context.install(None)
        fetch.install(None)

    async def report(self, seed: int, steps: int, ending: int, seconds: float) -> Report:
        s = self.scheduler
        days = (s.clock.now() - datetime(2026, 11, 11, 12, tzinfo=UTC)).total_seconds() / 86_400
        return Report(
            seed, steps, ending, days, s.crashes, len(s.places), sorted(one for one in s.places if not s.crashed[one]), self.orders,
            dict(self.scene.done), dict(self.scene.refused), dict(self.house.temporary), s.trace, seconds,
        )  # fmt: skip


def _heard(loop: asyncio.AbstractEventLoop, about: dict[str, Any]) -> None:
    """A task that was killed is nobody's surprise."""
    if not isinstance(about.get("exception"), Crash | asyncio.CancelledError):
        loop.default_exception_handler(about)


def _recorders() -> list[Reaction]:
    """A consumer for every event of trade that counts what it does, so that doing it twice would be seen."""
    kinds = [one for one in vars(contracts).values() if isinstance(one, type) and issubclass(one, Event)]
    subjects = sorted({one.subject for one in kinds if hasattr(one, "subject")})
    return [Reaction(f"{RECORDER}{subject}", _seen(subject), _count) for subject in subjects]


def _seen(of: str) -> type[Event]:
    @dataclass(frozen=True, kw_only=True)
    class Seen(Event):
        subject: ClassVar[str] = of
        event_id: UUID

    return Seen


async def _count(db: Db, event: Any) -> None:
    counted = "INSERT INTO simulation.effects VALUES (:id, 1) ON CONFLICT (event_id) DO UPDATE SET n = effects.n + 1"
    await db.execute(text(counted), {"id": event.event_id})


__all__ = ["Broken", "Report", "Stuck", "Wrong", "a_server", "run"]
