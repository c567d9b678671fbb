"""The seats of the crowd: each is taken by one visitor after another, some signed in, some just looking."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from kaibo.demo.crowd import pace
from kaibo.demo.crowd.buy import Shopping
from kaibo.demo.crowd.join import Membership
from kaibo.demo.crowd.visit import Visit
from kaibo.demo.door import Door, Refusal, Unreached
from kaibo.demo.person import Person
from kaibo.demo.stall import Stall
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

SEATS = 32
SIGNED_IN_SHARE = 0.62
ARRIVAL_SECONDS = 45.0
REST_SECONDS_MIN, REST_SECONDS_MAX = 5.0, 90.0


class Seats:
    def __init__(
        self, door: Door, stalls: Sequence[Stall], members: Membership, shopping: Shopping, dice: random.Random
    ) -> None:
        self._door = door
        self._stalls = stalls
        self._members = members
        self._shopping = shopping
        self._dice = dice

    async def run(self, seats: int = SEATS) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(seats):
                group.create_task(self._seat(ARRIVAL_SECONDS * number / seats))

    async def _seat(self, first_after: float) -> None:
        await asyncio.sleep(first_after)
        rest = REST_SECONDS_MIN
        while True:
            stall = self._choose()
            if stall is None:
                await asyncio.sleep(REST_SECONDS_MIN)
                continue
            member = self._members.take(self._dice) if self._dice.random() < SIGNED_IN_SHARE else None
            try:
                await self._visit(stall, member or Person(self._door))
                rest = REST_SECONDS_MIN
            except (Refusal, Unreached) as no:
                log.info("demo.visit_cut", room=stall.key, why=str(no))
                wanted = no.retry_after_seconds if isinstance(no, Refusal) else 0
                rest = min(max(rest * 1.6, wanted), REST_SECONDS_MAX)
                await asyncio.sleep(rest * self._dice.uniform(0.8, 1.2))
            except Exception:
                # A fault of the demo must not empty the room; it is loud in the log.
                log.exception("demo.visit_fault", room=stall.key)
                await asyncio.sleep(REST_SECONDS_MAX)
            finally:
                if member is not None:
                    self._members.give_back(member)
            await asyncio.sleep(self._dice.uniform(*pace.AWAY_SECONDS))

    async def _visit(self, stall: Stall, person: Person) -> None:
        await Visit(stall, person, self._dice, self._shopping).make(pace.visit_seconds(self._dice))

    def _choose(self) -> Stall | None:
        on = [stall for stall in self._stalls if stall.is_on and stall.weight > 0]
        return self._dice.choices(on, [stall.weight for stall in on])[0] if on else None
