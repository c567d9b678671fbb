"""One steady clock for a stream, made from the publisher's timestamps. Pure: the time now is given.

RTMP stamps are milliseconds modulo 2**32 (they wrap after 49 days) and encoders restart, jump and step back.
Viewers and recordings see milliseconds from 0 that only grow, track by track, and that follow the wall clock across
a reconnect.
"""

from __future__ import annotations

AHEAD_MS_MAX = 3_000
"""A step this much beyond the time that really passed is a jump of the publisher's clock, not a pause."""
BACK_MS_MAX = 2_000
"""Audio and video may interleave this far out of order; a larger step back is a restarted clock."""
JOIN_MS = 33
"""Time given to the frame before a jump: one frame at 30 a second."""

VIDEO, AUDIO = 0, 1


class Timeline:
    """Maps publisher timestamps to stream milliseconds. `jumps` counts the clock jumps that were bridged."""

    def __init__(self) -> None:
        self.jumps = 0
        self._origin_now_ms: int | None = None
        self._raw: int | None = None  # the last stamp as received
        self._at = 0  # where that stamp lies on the stream's clock
        self._now_ms = 0
        self._last = [-1, -1]

    def restart(self) -> None:
        """A new publisher: its stamps mean nothing yet. The clock goes on with the wall clock."""
        self._raw = None

    def map(self, track: int, stamp: int, now_ms: int) -> int:
        """Stream milliseconds of a frame of `track` stamped `stamp` (32 bits) that arrived at monotonic `now_ms`."""
        if self._raw is None:
            if self._origin_now_ms is None:
                self._origin_now_ms = now_ms
            newest = max(self._last)
            at = 0 if newest < 0 else max(newest + JOIN_MS, now_ms - self._origin_now_ms)
        else:
            step = (stamp - self._raw) & 0xFFFFFFFF
            if step >= 0x80000000:
                step -= 0x100000000
            passed = now_ms - self._now_ms
            if step < -BACK_MS_MAX or step > passed + AHEAD_MS_MAX:
                self.jumps += 1
                at = max(self._last) + JOIN_MS
            else:
                at = self._at + step
        self._raw, self._at, self._now_ms = stamp, at, now_ms
        steady = max(at, self._last[track] + 1)
        self._last[track] = steady
        return steady
