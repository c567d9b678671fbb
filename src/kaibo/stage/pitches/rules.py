"""Where a pitch lies on a recording's clock. Pure; times in milliseconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass

CUT_MS_MIN = 1_000
"""A shorter piece is not worth replaying."""


@dataclass(frozen=True)
class Cut:
    """A piece of one recording file: milliseconds from its first frame."""

    start_ms: int
    end_ms: int


def cut(pitch_start_ms: int, pitch_end_ms: int, file_start_ms: int, file_duration_ms: int) -> Cut | None:
    """The part of the pitch that this file holds, None where it holds (nearly) nothing of it."""
    start = max(0, pitch_start_ms - file_start_ms)
    end = min(file_duration_ms, pitch_end_ms - file_start_ms)
    return Cut(start, end) if end - start >= CUT_MS_MIN else None
