"""The one source of "now". Tests replace it; nothing else in the house may call datetime.now()."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    """The machine's wall clock, in UTC, optionally shifted (a rehearsal of "in fifteen days")."""

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self._offset = timedelta(seconds=offset_seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset


class FixedClock:
    """A clock that moves only when told to."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("FixedClock needs an aware datetime")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, *, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)


_clock: Clock = SystemClock()


def now() -> datetime:
    """The current instant as an aware UTC datetime."""
    return _clock.now()


def epoch_ms() -> int:
    """The current instant in milliseconds since 1970-01-01T00:00:00Z."""
    return int(now().timestamp() * 1000)


def monotonic() -> float:
    """Seconds on a clock that never jumps; for durations only."""
    return time.monotonic()


def install(clock: Clock) -> None:
    """Make `clock` the process's clock (entry points call this once)."""
    global _clock
    _clock = clock


@contextmanager
def use(clock: Clock) -> Iterator[Clock]:
    """Use `clock` inside the block."""
    before = _clock
    install(clock)
    try:
        yield clock
    finally:
        install(before)
