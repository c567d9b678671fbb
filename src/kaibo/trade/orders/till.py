"""The till: everybody who orders while the last batch is under way goes next, together.

There is no timer. Somebody who comes alone is served at once; in a flash sale the batches grow by themselves to what PostgreSQL
takes in one go, so that the stock row is locked, and the disk is waited for, once for hundreds of orders and not once for each.

Two batches may be under way: while one waits for its commit, the next reads prices and addresses. They enter the stock in the order
in which they were formed, so that the order of arrival is the order of allocation within a process; between processes the database
decides. What waits is bounded: beyond that the till says "come back in a second" before memory grows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from kaibo.kernel.db import Database, Db
from kaibo.kernel.errors import NotSignedIn, RateLimited, TooMany, refusal
from kaibo.kernel.telemetry import counter, get_logger, histogram
from kaibo.kernel.web.limits import Limiter
from kaibo.kernel.web.problems import is_temporary
from kaibo.people import facade as people
from kaibo.people.contracts.buyers import BuyerView
from kaibo.trade.orders.model import Wanted
from kaibo.trade.orders.place import Asked, Outcome, prepare

log = get_logger(__name__)

BATCH_CHECKOUTS_MAX = 500
BATCHES_AT_ONCE_MAX = 2
WAITING_CHECKOUTS_MAX = 5_000
COME_BACK_SECONDS = 1
PLACE_LIMIT = "60/minute"

batches = histogram(
    "kaibo_trade_batch_checkouts", "Checkouts in one batch.", buckets=(1, 2, 5, 10, 25, 50, 100, 200, 350, 500)
)
turned_away = counter("kaibo_trade_turned_away_total", "Checkouts turned away because too many were waiting.")


@refusal
class TillFull(TooMany):
    """More are ordering at this moment than can wait; nothing was placed."""

    code = "trade.till_full"
    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody at the till: a login cookie, or the person themselves where they are known already."""

    wanted: Wanted
    key: str
    token: str = ""
    buyer: BuyerView | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What came of it. `buyer` is None where the cookie opens nothing."""

    outcome: Outcome
    buyer: BuyerView | None


class _Seat:
    """One arrival and who waits for its answer."""

    __slots__ = ("answer", "arrival", "buyer")

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.buyer = arrival.buyer
        self.answer: asyncio.Future[Served] = asyncio.get_running_loop().create_future()

    def serve(self, outcome: Outcome) -> None:
        if not self.answer.done():
            self.answer.set_result(Served(outcome, self.buyer))

    def fail(self, wrong: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(wrong)


class Till:
    """One a web process."""

    def __init__(self, database: Database, limiter: Limiter) -> None:
        self._database = database
        self._limiter = limiter
        self._waiting: deque[_Seat] = deque()
        self._serving: set[asyncio.Task[None]] = set()
        self._last_in = asyncio.Event()
        self._last_in.set()

    async def place(self, arrival: Arrival) -> Served:
        """Wait for one's turn and be served. Refusals come back as outcomes.

        Raises TillFull, and whatever the database raises where it cannot be reached: then nobody knows whether it was placed, and
        the same key must be tried again.
        """
        return await self.queue(arrival)

    def queue(self, arrival: Arrival) -> asyncio.Future[Served]:
        """The same for one who does not wait here: what `place` returns or raises stands in the future."""
        seat = _Seat(arrival)
        if len(self._waiting) >= WAITING_CHECKOUTS_MAX:
            turned_away.inc()
            seat.fail(TillFull(retry_after_seconds=COME_BACK_SECONDS))
        else:
            self._waiting.append(seat)
            self._begin()
        return seat.answer

    def _begin(self) -> None:
        """Start the next batch where there is room. It is filled when it runs, with everybody who has come until then."""
        if self._waiting and len(self._serving) < BATCHES_AT_ONCE_MAX:
            task = asyncio.get_running_loop().create_task(self._serve())
            self._serving.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        self._begin()

    async def _serve(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_CHECKOUTS_MAX))]
        if not batch:
            return
        batches.observe(len(batch))
        before, self._last_in = self._last_in, asyncio.Event()
        mine = self._last_in
        seated = False
        try:
            async with self._database.transaction() as db:
                seats = await self._let_in(db, batch)
                seated = True
                outcomes = await _place(db, seats, before, mine)
        except Exception as wrong:
            if not seated or is_temporary(wrong):
                _fail(batch, wrong)
            else:
                log.warning("till.batch_failed", checkouts=len(seats), error=repr(wrong))
                await self._serve_apart(seats)
        except BaseException:
            _fail(batch, asyncio.CancelledError())
            raise
        else:
            for seat, outcome in zip(seats, outcomes, strict=True):
                seat.serve(outcome)
        finally:
            mine.set()

    async def _let_in(self, db: Db, batch: Sequence[_Seat]) -> list[_Seat]:
        """Those who are signed in and not too quick; the others are told so at once."""
        known = await people.buyers_behind(db, {seat.arrival.token for seat in batch if seat.buyer is None})
        seats = []
        for seat in batch:
            seat.buyer = seat.buyer or known.get(seat.arrival.token)
            if seat.buyer is None:
                seat.serve(NotSignedIn())
                continue
            try:
                # The person and not their cookie: a cookie can be invented, and with a new one for every call there is no limit.
                self._limiter.spend_now(PLACE_LIMIT, "place", str(seat.buyer.id))
            except RateLimited as refused:
                seat.serve(refused)
            else:
                seats.append(seat)
        return seats

    async def _serve_apart(self, seats: Sequence[_Seat]) -> None:
        """A batch failed as a whole: halve it until whoever made it fail stands alone. Alone one is tried once more."""
        middle = (len(seats) + 1) // 2
        for half in (seats[:middle], seats[middle:]):
            if not half:
                continue
            try:
                async with self._database.transaction() as db:
                    outcomes = await _place(db, half)
            except Exception as wrong:
                if len(half) == 1 or is_temporary(wrong):
                    _fail(half, wrong)
                else:
                    await self._serve_apart(half)
            else:
                for seat, outcome in zip(half, outcomes, strict=True):
                    seat.serve(outcome)


async def _place(
    db: Db, seats: Sequence[_Seat], before: asyncio.Event | None = None, mine: asyncio.Event | None = None
) -> list[Outcome]:
    """In the turn after `before`. Once `mine` is set the next batch may queue for the stock, which we hold until our commit."""
    asked = []
    for seat in seats:
        assert seat.buyer is not None
        asked.append(Asked(seat.buyer.id, seat.buyer.nickname, seat.arrival.wanted, seat.arrival.key))
    prepared = await prepare(db, asked)
    if before is not None:
        await before.wait()
    outcomes = await prepared.place(db)
    if mine is not None:
        mine.set()
    return outcomes


def _fail(seats: Sequence[_Seat], wrong: BaseException) -> None:
    for seat in seats:
        seat.fail(wrong)
