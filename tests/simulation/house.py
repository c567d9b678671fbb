"""The processes of the house under simulation: web processes with their till, workers with relay, sweeper, jobs and consumers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
from sqlalchemy.exc import DBAPIError

from kaibo.kernel import outbox
from kaibo.kernel.db import Database
from kaibo.kernel.jobs import TRIES_MAX as JOB_TRIES_MAX
from kaibo.kernel.reactions import Reaction, apply, apply_all
from kaibo.kernel.timers import Sweeper
from kaibo.kernel.web.limits import Limiter
from kaibo.kernel.web.problems import is_temporary
from kaibo.trade import reactions as trade
from kaibo.trade.orders.till import Till
from kaibo.trade.payment.gateway import GatewayError
from kaibo.trade.reconciliation.errors import DayClosed
from kaibo.trade.shipping.carrier import Step, ToFollow, Trace
from kaibo.trade.shipping.model import ParcelState
from tests.simulation.scheduler import Process, Scheduler
from tests.simulation.stream import FakeBus

WEB, WORKERS = 2, 2
TRIES_MAX = 8
PASSING = {"ConnectionDoesNotExistError"}
"""What an engine may say without anything being wrong with the house. A deadlock is not among it: see database.py."""
ON_THE_WAY_SECONDS = 2 * 86_400


class Wrong(Exception):
    """Something happened that must not."""


class House:
    """`look` reads what is committed, past the gates: for choosing what to do, never for doing it."""

    def __init__(
        self,
        scheduler: Scheduler,
        database: Database,
        bus: FakeBus,
        reactions: list[Reaction],
        admin: asyncpg.Connection,
    ) -> None:
        self.scheduler = scheduler
        self.database = database
        self.bus = bus
        self.reactions = reactions
        self.closing = False
        self.limiter = Limiter(1_000_000)
        self.web: list[Process] = []
        self.temporary: Counter[str] = Counter()
        self.loops: list[asyncio.Task[None]] = []
        self._admin = admin
        self._one_look = asyncio.Lock()
        self._claimed: dict[int, Process] = {}
        self._tries: Counter[tuple[str, Any]] = Counter()
        scheduler.on_crash = self._crashed

    def open(self) -> None:
        for number in range(WEB):
            self._start(f"web{number}")
        for number in range(WORKERS):
            self._start(f"worker{number}")

    def some_web(self) -> Process:
        return self.scheduler.dice.choice(self.web)

    async def look(self, query: str, *values: Any) -> list[asyncpg.Record]:
        with self.scheduler.under_way():
            async with self._one_look:
                return list(await self._admin.fetch(query, *values))

    async def nap(self) -> None:
        """Until there may be something to do again."""
        seconds = self.scheduler.dice.uniform(0.5, 5)
        if self.closing:
            (row,) = await self.look(
                "SELECT least((SELECT min(due_at) FROM kernel.timers), (SELECT min(pay_before) FROM trade.orders"
                " WHERE state = 'placed' AND closing IS NULL))"
            )
            due = row[0].timestamp() - self.scheduler.now if row[0] is not None else 3_600
            seconds += min(max(due, 0), 86_400)
        await self.scheduler.sleep(seconds)

    def _crashed(self, process: Process) -> None:
        self._claimed = {job: owner for job, owner in self._claimed.items() if owner is not process}
        self.web = [one for one in self.web if one is not process]
        self.loops = [one for one in self.loops if one not in process.tasks]
        if process.name.startswith("web"):
            self._start(process.name)  # buyers find another one at once; a worker takes its time
        else:
            self.scheduler.spawn(None, self._restart(process.name))

    async def _restart(self, name: str) -> None:
        await self.scheduler.gate("restart")
        await self.scheduler.sleep(self.scheduler.dice.uniform(0, 30))
        self._start(name)

    def _start(self, name: str) -> None:
        process = Process(name)
        if name.startswith("web"):
            process.memory["till"] = Till(self.database, Limiter(1_000_000))
            self.web.append(process)
            return
        sweeper = Sweeper(self.database, trade.timers.all)
        relay = outbox.Relay(self.database, self.bus)  # type: ignore[arg-type]

        async def sweep() -> bool:
            busy = await sweeper.sweep() > 0
            for one in trade.timers.sweeps:
                busy = await one(self.database) or busy
            return busy

        async def move() -> bool:
            return await relay.move_batch() > 0

        for loop in (sweep, move, lambda: self._job(process), self._consume):
            self.loops.append(self.scheduler.spawn(process, self._forever(loop)))

    async def _forever(self, work: Callable[[], Awaitable[bool]]) -> None:
        """As the loops of the worker: an engine that is away for a moment is no reason to end."""
        while True:
            await self.scheduler.gate("loop")
            try:
                busy = await work()
            except Exception as wrong:
                self.forgive(wrong)
                busy = False
            if not busy:
                await self.nap()

    def forgive(self, wrong: Exception) -> None:
        """Raises what is not a passing weakness of an engine."""
        root = wrong.orig if isinstance(wrong, DBAPIError) and wrong.orig is not None else wrong
        name = type(root.__cause__ or root).__name__
        if not is_temporary(wrong) or name not in PASSING:
            raise wrong
        self.temporary[name] += 1

    async def _job(self, process: Process) -> bool:
        """What procrastinate does: one job at a time, again after a crash or an error."""
        rows = await self.look(
            "SELECT id, task_name, args::text AS args FROM jobs.procrastinate_jobs WHERE id <> ALL($1) ORDER BY id LIMIT 3",
            list(self._claimed),
        )
        if not rows:
            return False
        row = self.scheduler.dice.choice(rows)
        self._claimed[row["id"]] = process
        try:
            await trade.jobs.all[row["task_name"]](**_arguments(row["args"]))
        except DayClosed:  # somebody closed it since it was asked for: tried six times, then an operator reads of it
            self.temporary["DayClosed"] += 1
        except GatewayError as wrong:
            await self._put_off(row, wrong)
            return False
        except Exception as wrong:
            self.forgive(wrong)
            del self._claimed[row["id"]]
            return True
        await self.scheduler.gate("job.done")
        await self.look("DELETE FROM jobs.procrastinate_jobs WHERE id = $1", row["id"])
        self._claimed.pop(row["id"], None)
        return True

    async def _put_off(self, row: asyncpg.Record, wrong: GatewayError) -> None:
        """Tried again later, as often as the house does; a day without a statement is given up."""
        self.temporary[type(wrong).__name__] += 1
        self._tries["job", row["id"]] += 1
        if self._tries["job", row["id"]] >= JOB_TRIES_MAX:
            await self.look("DELETE FROM jobs.procrastinate_jobs WHERE id = $1", row["id"])
        self._claimed.pop(row["id"], None)

    async def _consume(self) -> bool:
        """As kernel.reactions.Consumer: together where that works, else one by one."""
        waiting = [one for one in self.reactions if self.bus.waiting[one.consumer]]
        if not waiting:
            return False
        reaction = self.scheduler.dice.choice(waiting)
        some = self.bus.fetch(reaction.consumer)
        try:
            await apply_all(self.database, reaction, some)
        except Exception as wrong:
            if is_temporary(wrong):
                raise
            for event_id, body in some:
                await self._apply(reaction, event_id, body)
        self.bus.acknowledge(reaction.consumer, some)
        return True

    async def _apply(self, reaction: Reaction, event_id: Any, body: dict[str, Any]) -> None:
        try:
            await apply(self.database, reaction, event_id, body)
        except Exception as wrong:
            if is_temporary(wrong):
                raise
            self._tries[reaction.consumer, event_id] += 1
            if self._tries[reaction.consumer, event_id] > TRIES_MAX:
                raise Wrong(f"{reaction.consumer} cannot handle {body}") from wrong
            await self.scheduler.sleep(1)
            await self._apply(reaction, event_id, body)


def _arguments(args: Any) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(args)
    return found


class FakeCarrier:
    """Every parcel arrives after two days; the service sometimes does not answer."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._first_asked: dict[str, float] = {}

    async def subscribe(self, wanted: ToFollow) -> bool:
        await self._scheduler.gate("carrier.subscribe")
        return False

    async def query(self, carrier: str, tracking_number: str, phone: str) -> Trace | None:
        await self._scheduler.gate("carrier.query")
        since = self._first_asked.setdefault(tracking_number, self._scheduler.now)
        if self._scheduler.now - since < ON_THE_WAY_SECONDS:
            return None
        at = self._scheduler.clock.now() - timedelta(seconds=1)
        return Trace(carrier, tracking_number, (Step(at, ParcelState.DELIVERED, "3", "已签收", "大理"),))

    def read_push(self, form: Any) -> Trace:
        raise NotImplementedError

    async def aclose(self) -> None:
        return None
