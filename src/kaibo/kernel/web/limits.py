"""Rate limits, through the library `limits` (moving window, in this process; money and codes have their own in PostgreSQL)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from kaibo.kernel import clock
from kaibo.kernel.errors import RateLimited


@dataclass(frozen=True)
class Window:
    """`left` calls of `most` may still be made within `seconds`; in `reset_seconds` the oldest call is forgotten."""

    most: int
    seconds: int
    left: int
    reset_seconds: int


class Limiter:
    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    async def spend(self, limit: str, *key: str) -> None:
        """Count one use of `limit` ("5/minute") by `key`. Raises RateLimited, with the seconds to wait, when it is used up."""
        item = self._item(limit)
        if await self._windows.hit(item, limit, *key):
            return
        window = await self._windows.get_window_stats(item, limit, *key)
        wait = max(1, ceil(window.reset_time - clock.now().timestamp()))
        raise RateLimited(limit=limit, retry_after_seconds=min(wait, item.get_expiry()))

    async def look(self, limit: str, *key: str) -> Window:
        """How `limit` stands for `key` after one more use."""
        item = self._item(limit)
        stats = await self._windows.get_window_stats(item, limit, *key)
        reset = max(1, ceil(stats.reset_time - clock.now().timestamp()))
        seconds = item.get_expiry()
        return Window(item.amount, seconds, max(0, stats.remaining - 1), min(reset, seconds))

    def _item(self, limit: str) -> RateLimitItem:
        item = parse(limit)
        return type(item)(max(1, int(item.amount * self._scale)), item.multiples)
