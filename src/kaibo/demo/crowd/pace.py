"""How often and how long people do things; every rate has its unit in its name."""

from __future__ import annotations

import asyncio
import math
import random

PRESENCE_SECONDS = 10.0
VISIT_SECONDS_MEDIAN = 420.0
VISIT_SECONDS_MIN, VISIT_SECONDS_MAX = 45.0, 2_400.0
AWAY_SECONDS = (3.0, 40.0)

ACTS: dict[str, float] = {"like": 0.16, "say": 0.085, "browse": 0.07, "want_pitch": 0.015, "follow": 0.01}
"""Chance of each act in one PRESENCE_SECONDS of a visit. Those who are not signed in only like, browse and ask for pitches."""

ORDER_SECONDS_MEAN = 20.0
"""One order in this long over all rooms."""

OUTCOMES: dict[str, float] = {"pay": 0.86, "cancel": 0.09, "forget": 0.05}
REFUND_SHARE = 0.04
RECEIVE_SHARE = 0.7

SOURCES: dict[str, float] = {"home": 46, "follow": 18, "shelf": 12, "search": 8, "share": 9, "direct": 7}


async def pause(dice: random.Random, least_seconds: float, most_seconds: float) -> None:
    """What a person needs to read, think or type."""
    await asyncio.sleep(dice.uniform(least_seconds, most_seconds))


def visit_seconds(dice: random.Random) -> float:
    """Many leave soon, a few stay long: log-normal."""
    drawn = dice.lognormvariate(math.log(VISIT_SECONDS_MEDIAN), 0.9)
    return min(max(drawn, VISIT_SECONDS_MIN), VISIT_SECONDS_MAX)


def acts_of_a_moment(dice: random.Random) -> list[str]:
    """What one viewer does in one PRESENCE_SECONDS; usually nothing."""
    return [act for act, chance in ACTS.items() if dice.random() < chance]


def drawn(dice: random.Random, shares: dict[str, float]) -> str:
    return dice.choices(list(shares), list(shares.values()))[0]


def taps(dice: random.Random) -> int:
    """Likes of one burst; the API takes up to 50."""
    return min(50, 1 + int(dice.expovariate(1 / 7)))


class OrderClock:
    """Says yes as often as orders should be placed, whoever asks: exponential waits, so orders cluster as they do in life."""

    def __init__(self, dice: random.Random, seconds_mean: float = ORDER_SECONDS_MEAN) -> None:
        self._dice = dice
        self._mean = seconds_mean
        self._due: float | None = None

    def strikes(self, now_seconds: float) -> bool:
        if self._due is None:
            self._due = now_seconds + self._dice.expovariate(1 / self._mean)
        if now_seconds < self._due:
            return False
        self._due = now_seconds + self._dice.expovariate(1 / self._mean)
        return True
