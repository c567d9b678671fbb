"""The life of a slot contract, and what of the fee was earned. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kaibo.goods.contracts.slots import SlotState, SlotStepNotAllowed, SlotTimesInvalid

FEE_FEN_MAX = 100_000_000
ITEMS_MAX = 20
DAYS_MAX = 31
PITCH_MINUTES_MAX = 600
TITLE_CHARS_MAX = 60
MEASURE_AFTER = timedelta(hours=1)
"""Orders placed in the last minute still have the time to be paid."""

TRANSITIONS: Mapping[SlotState, Mapping[str, SlotState]] = {
    "proposed": {"sign": "signed", "decline": "declined", "withdraw": "withdrawn", "lapse": "lapsed"},
    "signed": {"hold": "held", "fail": "unfunded", "cancel": "cancelled", "lapse": "lapsed"},
    "unfunded": {"retry": "signed", "cancel": "cancelled", "lapse": "lapsed"},
    "held": {"cancel": "cancelled", "measure": "measuring"},
    "measuring": {"settle": "settled"},
}


def after(state: SlotState, step: str) -> SlotState:
    """Raises SlotStepNotAllowed."""
    following = TRANSITIONS.get(state, {}).get(step)
    if following is None:
        raise SlotStepNotAllowed(state=state, step=step)
    return following


def check_times(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raises SlotTimesInvalid."""
    if starts_at <= now or ends_at <= starts_at or ends_at - starts_at > timedelta(days=DAYS_MAX):
        raise SlotTimesInvalid(days_max=DAYS_MAX)


def may_cancel(state: SlotState, starts_at: datetime, now: datetime) -> bool:
    """Either side may step back before it begins. Afterwards what was done decides."""
    return "cancel" in TRANSITIONS.get(state, {}) and now < starts_at


def earned(fee_fen: int, *, pitch_seconds: int, pitch_minutes_min: int, gmv_fen: int, gmv_fen_min: int) -> int:
    """What the creator keeps of the fee: pro rata of the promise that was kept worse, rounded down; all where both were kept.

    A minimum of 0 promises nothing and is always kept.
    """
    parts = [fee_fen]
    if pitch_minutes_min:
        parts.append(fee_fen * pitch_seconds // (pitch_minutes_min * 60))
    if gmv_fen_min:
        parts.append(fee_fen * max(0, gmv_fen) // gmv_fen_min)
    return min(parts)


def fingerprint(terms: Mapping[str, object], product_ids: Sequence[UUID]) -> str:
    """SHA-256 of what both sign: nobody can say later that it was something else."""
    text = json.dumps({**terms, "products": sorted(map(str, product_ids))}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
