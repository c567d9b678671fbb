"""What somebody will do later: a bounded list worked off by one task."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable

from kaibo.demo.door import Refusal, Unreached
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

ERRANDS_MAX = 500
LOOK_SECONDS = 1.0

Errand = Callable[[], Awaitable[None]]


class Errands:
    """When it is full, what is due last is dropped: an order whose receipt nobody confirms is received by itself."""

    def __init__(self, most: int = ERRANDS_MAX) -> None:
        self._most = most
        self._due: list[tuple[float, int, Errand]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._due)

    def later(self, seconds: float, errand: Errand) -> None:
        at = asyncio.get_running_loop().time() + seconds
        heapq.heappush(self._due, (at, next(self._numbers), errand))
        if len(self._due) > self._most:
            self._due.remove(max(self._due))
            heapq.heapify(self._due)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while self._due and self._due[0][0] <= loop.time():
                await self._do(heapq.heappop(self._due)[2])
            await asyncio.sleep(LOOK_SECONDS)

    async def _do(self, errand: Errand) -> None:
        try:
            await errand()
        except (Refusal, Unreached) as no:
            log.info("demo.errand_refused", why=str(no))
