"""Rate limits, through the library `limits` (moving window, in this process; money and codes have their own in PostgreSQL)."""

from __future__ import annotations

from collections import deque
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


class QuickWindow:
    """A moving window without locks, tasks or expiry timers: at most `amount` uses by a key in any `seconds`."""

    def __init__(self, amount: int, seconds: float) -> None:
        self._amount = amount
        self._seconds = seconds
        self._uses: dict[tuple[str, ...], deque[float]] = {}
        self._sweep_at = 0.0

    def hit(self, key: tuple[str, ...], now: float) -> float:
        """Count a use at `now`, in seconds of a clock that never jumps. 0, or the seconds to wait where all are used up."""
        if now >= self._sweep_at:
            self._uses = {one: uses for one, uses in self._uses.items() if uses[-1] > now - self._seconds}
            self._sweep_at = now + self._seconds
        uses = self._uses.setdefault(key, deque())
        while uses and uses[0] <= now - self._seconds:
            uses.popleft()
        if len(uses) >= self._amount:
            return uses[0] + self._seconds - now
        uses.append(now)
        return 0.0


class Limiter:
    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._quick: dict[str, QuickWindow] = {}

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

    def spend_now(self, limit: str, *key: str) -> None:
        """Like spend, for a route that is called ten thousand times a second; counted apart from what `spend` counts."""
        window = self._quick.get(limit)
        if window is None:
            item = self._item(limit)
            window = self._quick[limit] = QuickWindow(item.amount, item.get_expiry())
        if wait := window.hit(key, clock.monotonic()):
            raise RateLimited(limit=limit, retry_after_seconds=ceil(wait))

    def _item(self, limit: str) -> RateLimitItem:
        item = parse(limit)
        return type(item)(max(1, int(item.amount * self._scale)), item.multiples)
