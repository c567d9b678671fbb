"""How long to wait before the provider is asked again."""

from __future__ import annotations

DOUBLINGS_MAX = 16


def wait_seconds(tries: int, *, first: float, most: float) -> float:
    """`first`, then twice as long each time, never longer than `most`."""
    return min(most, first * 2.0 ** min(tries, DOUBLINGS_MAX))
