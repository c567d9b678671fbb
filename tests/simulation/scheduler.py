"""Who goes on next: one seed decides, at every await point, which task runs, which process dies, and how late it is.

Only one task runs at a time. Before every statement, commit and conversation it stops at a `gate`; the scheduler opens one gate,
waits until everything has come to rest (each task at a gate, ended, waiting for another task, or waiting for a lock that another
transaction holds), and opens the next. What happens therefore depends on the seed alone and not on how fast the machine is.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from kaibo.kernel.clock import FixedClock

BEGINNING = datetime(2026, 11, 11, 12, tzinfo=UTC)
LOCK_LOOK_SECONDS = 0.002
STUCK_SECONDS = 30.0
HOUSE = "/src/kaibo/"

T = TypeVar("T")


class Crash(BaseException):
    """kill -9 of the process this task runs in. No `except Exception` of the house sees it."""


class Gone(Exception):
    """The process died before it answered: the caller does not know what has been done."""


class Stuck(Exception):
    """Nothing can go on any more, and nothing is due."""


@dataclass(eq=False)
class Process:
    """What dies together. `memory` is lost with it."""

    name: str
    alive: bool = True
    memory: dict[str, Any] = field(default_factory=dict)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)


@dataclass(eq=False)
class Flight:
    """A statement that PostgreSQL has; `held`: it waited for a lock while others went on."""

    held: bool = False


@dataclass(eq=False)
class _Waiter:
    task: int
    future: asyncio.Future[None]
    process: Process | None
    site: str
    wake: float = 0.0


@dataclass(frozen=True)
class Chances:
    """Of each step, in parts of one."""

    crash: float = 0.003
    crash_anew: float = 0.25
    """The same where the one who would go on stands at a place at which nothing has died yet; certain from the third time on."""
    lost_connection: float = 0.003
    moment: float = 0.03
    leap: float = 0.0005
    """Hours, a day or a week in which nothing runs."""


CALM = Chances(crash=0.0, lost_connection=0.0, moment=0.0, leap=0.0)
"""Nothing goes wrong any more, but that places which are reached only now are died at once, too."""

_here: ContextVar[Process | None] = ContextVar("process", default=None)


class Scheduler:
    """`blocked` tells how many of the statements under way wait for a lock; None where it may change by itself (a deadlock)."""

    def __init__(self, seed: int, chances: Chances) -> None:
        self.dice = random.Random(seed)
        self.chances = chances
        self.clock = FixedClock(BEGINNING)
        self.steps = 0
        self.crashes = 0
        self.reached: Counter[str] = Counter()
        self.crashed: Counter[str] = Counter()
        self.deadlocks: list[str] = []
        self.places: set[str] = set()
        """Where processes have stood, and could die."""
        self.blocked: Callable[[], Awaitable[int | None]] | None = None
        self.lost_connection: Callable[[], Exception] | None = None
        self.on_crash: Callable[[Process], None] = lambda _: None
        self._waiting: list[_Waiter] = []
        self._asleep: list[_Waiter] = []
        self._numbers: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()
        self._next = itertools.count(1)
        self._flights: set[Flight] = set()
        self._landed: asyncio.Future[None] | None = None
        self._trace = hashlib.sha256()

    @property
    def trace(self) -> str:
        """A digest of every choice so far: the same seed gives the same."""
        return self._trace.hexdigest()[:16]

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    # --- what tasks call

    async def gate(self, what: str) -> None:
        """Wait for one's turn. Raises Crash where the process has died, DBAPIError where it has lost its connection."""
        process = _here.get()
        if process is not None and not process.alive:
            raise Crash
        waiter = self._waiter(f"{what} {_site()}")
        if process is not None:
            self.places.add(waiter.site)
        self._waiting.append(waiter)
        await waiter.future

    async def sleep(self, seconds: float) -> None:
        """Wait until the virtual clock has moved on by so much."""
        waiter = self._waiter("sleep")
        waiter.wake = self.now + seconds
        self._asleep.append(waiter)
        await waiter.future

    def _waiter(self, site: str) -> _Waiter:
        task = asyncio.current_task()
        assert task is not None
        if task not in self._numbers:
            self._numbers[task] = next(self._next)
        return _Waiter(self._numbers[task], asyncio.get_running_loop().create_future(), _here.get(), site)

    @contextlib.contextmanager
    def under_way(self) -> Iterator[Flight]:
        """Around whatever waits for the world outside this program. Who has been `held` goes through a gate afterwards: whoever
        let go of the lock is on its way at the same moment, and two must never choose at once."""
        flight = Flight()
        self._flights.add(flight)
        try:
            yield flight
        finally:
            self._flights.discard(flight)
            if self._landed is not None and not self._landed.done():
                self._landed.set_result(None)

    @staticmethod
    def died() -> bool:
        process = _here.get()
        return process is not None and not process.alive

    def spawn(self, process: Process | None, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` as a task of this process (None: of the world outside, which never dies)."""
        context = copy_context()
        context.run(_here.set, process)
        task = asyncio.get_running_loop().create_task(work, context=context)
        if process is not None:
            process.tasks.add(task)
            task.add_done_callback(process.tasks.discard)
        return task

    async def call(self, process: Process, work: Coroutine[Any, Any, T]) -> T:
        """Have a process do something and wait for its answer. Raises Gone where it dies before."""
        if not process.alive:
            work.close()
            raise Gone
        task = self.spawn(process, work)
        await asyncio.wait({task})
        if task.cancelled():
            raise Gone
        wrong = task.exception()
        if isinstance(wrong, Crash | asyncio.CancelledError):
            raise Gone
        return task.result()

    # --- what the run calls

    async def step(self) -> None:
        """One choice. Raises Stuck."""
        await self.rest()
        self._wake()
        if not self._waiting:
            self._jump()
            self._wake()
        self.steps += 1
        chances, lot = self.chances, self.dice.random()
        if lot < chances.moment:
            self.clock.advance(seconds=self.dice.expovariate(1 / self.dice.choice([0.1, 1, 1, 10])))
        elif lot < chances.moment + chances.leap:
            self.clock.advance(
                seconds=self.dice.expovariate(1 / self.dice.choice([1_200, 7_200, 86_400, 86_400, 604_800]))
            )
        self._wake()
        waiter = self._victim() if lot > 1 - chances.crash else self._pick()
        self.reached[waiter.site] += 1
        self._note(waiter, lot)
        if waiter.process is not None and (lot > 1 - chances.crash or self._dies_anew(waiter)):
            self.crash(waiter.process)
        elif lot > 1 - chances.crash - chances.lost_connection and waiter.site.startswith(("sql", "commit")):
            assert self.lost_connection is not None
            self._open(waiter, self.lost_connection())
        else:
            self._open(waiter)
        await self.rest()

    def crash(self, process: Process) -> None:
        """Every task of the process ends where it is; statements under way end when PostgreSQL has done with them."""
        self.crashes += 1
        process.alive = False
        for waiter in [one for one in (*self._waiting, *self._asleep) if one.process is process]:
            self.crashed[waiter.site] += 1
            self._open(waiter, Crash())
        self.on_crash(process)

    def idle(self) -> bool:
        """Nobody can go on before the clock does."""
        return not self._waiting

    def next_wake(self) -> float | None:
        return min((one.wake for one in self._asleep), default=None)

    async def rest(self) -> None:
        """Returns when nothing moves any more without us."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            await asyncio.sleep(0)
            if loop._ready:  # type: ignore[attr-defined]
                continue
            if not self._flights:
                break
            if not all(flight.held for flight in self._flights):
                self._landed = loop.create_future()
                alarm = loop.call_later(LOCK_LOOK_SECONDS, _done, self._landed)
                await self._landed
                alarm.cancel()
                if loop.time() - began < LOCK_LOOK_SECONDS:
                    continue
            assert self.blocked is not None
            if self._flights and await self.blocked() == len(self._flights):
                for flight in self._flights:
                    flight.held = True
                break
            if loop.time() - began > STUCK_SECONDS:
                raise Stuck(f"{len(self._flights)} statements are under way and do not end")
        self._waiting.sort(key=lambda one: one.task)

    def _wake(self) -> None:
        awake = [one for one in self._asleep if one.wake <= self.now]
        self._asleep = [one for one in self._asleep if one.wake > self.now]
        self._waiting += awake
        self._waiting.sort(key=lambda one: one.task)

    def _jump(self) -> None:
        wake = self.next_wake()
        if wake is None:
            raise Stuck("nobody can go on, and nobody waits for the clock")
        self.clock.advance(seconds=max(0.0, wake - self.now) + 0.001)

    def _pick(self) -> _Waiter:
        """Anybody; more often somebody at a place where few have been."""
        few = self.dice.sample(self._waiting, min(2, len(self._waiting)))
        return min(few, key=lambda one: self.reached[one.site]) if self.dice.random() < 0.3 else few[0]

    def _victim(self) -> _Waiter:
        """Somebody of the house, at a place where few have died."""
        inside = [one for one in self._waiting if one.process is not None]
        some = self.dice.sample(inside, min(4, len(inside))) or self._waiting
        return min(some, key=lambda one: self.crashed[one.site])

    def _dies_anew(self, waiter: _Waiter) -> bool:
        """Mostly one goes on from a new place too: behind it there are more."""
        if self.crashed[waiter.site] or not self.chances.crash_anew:
            return False
        return self.reached[waiter.site] >= 3 or self.dice.random() < self.chances.crash_anew

    def _open(self, waiter: _Waiter, wrong: BaseException | None = None) -> None:
        for pool in (self._waiting, self._asleep):
            if waiter in pool:
                pool.remove(waiter)
        if waiter.future.done():
            return
        if wrong is None:
            waiter.future.set_result(None)
        else:
            waiter.future.set_exception(wrong)

    def _note(self, waiter: _Waiter, lot: float) -> None:
        self._trace.update(f"{waiter.task} {waiter.site} {lot:.6f} {self.now:.3f}\n".encode())


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _site() -> str:
    """Where in the house the task stands: the innermost frame of its own code."""
    frame = sys._getframe(2)
    here = ""
    while frame is not None:
        name = frame.f_code.co_filename
        if HOUSE in name:
            return f"{name.partition(HOUSE)[2]}:{frame.f_lineno}"
        here = here or f"{name.rpartition('/')[2]}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return here
