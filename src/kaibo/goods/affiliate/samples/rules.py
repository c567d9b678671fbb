"""The life of a sample: who may take which step, and by when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Literal

from kaibo.goods.contracts.samples import SampleFactMissing, SampleState, SampleStep, SampleStepNotAllowed

Actor = Literal["creator", "shop", "system"]

ANSWER_DAYS = 3
SHIP_DAYS = 3
RECEIVE_DAYS = 10
TAKE_BACK_DAYS = 10
"""What was sent back and is neither confirmed nor disputed by then counts as returned."""

OPEN_PER_CREATOR_MAX = 20
MONTHLY_PER_CREATOR_MAX = 30
MONTHLY_PER_PRODUCT_MAX = 500
RETURN_DAYS_MAX = 60
MESSAGE_CHARS_MAX = 200
NOTE_CHARS_MAX = 200
REASON_CHARS_MAX = 200

TRANSITIONS: Mapping[SampleState, Mapping[SampleStep, SampleState]] = {
    "asked": {"approve": "approved", "refuse": "refused", "withdraw": "withdrawn", "lapse": "lapsed"},
    "approved": {"ship": "shipped", "refuse": "refused", "withdraw": "withdrawn", "lapse": "lapsed"},
    "shipped": {"receive": "received"},
    "received": {"send_back": "returning", "let_keep": "kept"},
    "returning": {"take_back": "returned"},
}
OPEN: tuple[SampleState, ...] = ("asked", "approved", "shipped", "received", "returning")
FAILED: tuple[SampleState, ...] = ("refused", "withdrawn", "lapsed")
"""Came to nothing: counts neither against the merchant's month nor against asking again."""

STEPS: Mapping[Actor, frozenset[SampleStep]] = {
    "creator": frozenset({"withdraw", "receive", "send_back"}),
    "shop": frozenset({"approve", "refuse", "ship", "take_back", "let_keep"}),
    "system": frozenset({"lapse", "receive", "take_back"}),
}
BY_TIME: Mapping[SampleState, SampleStep] = {
    "asked": "lapse",
    "approved": "lapse",
    "shipped": "receive",
    "returning": "take_back",
}
"""What happens by itself at the deadline. A sample that should have been sent back stays where it is: somebody has it."""

_CHINA = timezone(timedelta(hours=8))


def after(state: SampleState, step: SampleStep, actor: Actor, *, returns: bool) -> SampleState:
    """The state that follows. What need not be sent back is kept as soon as it is received. Raises SampleStepNotAllowed."""
    following = TRANSITIONS.get(state, {}).get(step)
    if following is None or step not in STEPS[actor]:
        raise SampleStepNotAllowed(state=state, step=step)
    return "kept" if following == "received" and not returns else following


def check_facts(step: SampleStep, *, reason: str, carrier: str, tracking_number: str) -> None:
    """Raises SampleFactMissing."""
    needed = {"refuse": {"reason": reason}}
    parcel = {"carrier": carrier, "tracking_number": tracking_number}
    needed |= {"ship": parcel, "send_back": parcel}
    for name, value in needed.get(step, {}).items():
        if not value:
            raise SampleFactMissing(missing=name)


def due_at(state: SampleState, now: datetime, return_days: int | None) -> datetime | None:
    """When the state has to be left."""
    days = {
        "asked": ANSWER_DAYS,
        "approved": SHIP_DAYS,
        "shipped": RECEIVE_DAYS,
        "received": return_days,
        "returning": TAKE_BACK_DAYS,
    }.get(state)
    return now + timedelta(days=days) if days is not None else None


def month_start(now: datetime) -> datetime:
    """The first instant of the month in China."""
    there = now.astimezone(_CHINA).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return there.astimezone(now.tzinfo)


def steps(state: SampleState, actor: Actor) -> list[SampleStep]:
    """What this side may do now."""
    return [step for step in TRANSITIONS.get(state, {}) if step in STEPS[actor]]
