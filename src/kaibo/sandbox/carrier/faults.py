"""Misbehaviour on request: for every parcel, or for one number."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kaibo.sandbox.carrier.roads import Outcome
from kaibo.sandbox.store import Store

DELAY_MS_MAX = 24 * 3600 * 1000
COPIES_MAX = 20
EVERY = "every"
"""The scope of what holds for every parcel; any other scope is a tracking number."""


class Faults(BaseModel):
    """Only fields that were given change anything."""

    model_config = ConfigDict(extra="forbid", strict=True)

    outcome: Outcome | None = Field(None, description="how the journey ends; before the subscription")
    lose: bool = Field(False, description="never push")
    duplicate: int = Field(0, ge=0, le=COPIES_MAX, description="further deliveries of the very same bytes")
    delay_ms: int = Field(0, ge=0, le=DELAY_MS_MAX, description="wait before the first delivery")
    reorder: bool = Field(False, description="deliver each push only after its successor, the last one at once")
    forge: bool = Field(False, description="sign with another salt")
    garble: bool = Field(False, description="cut the JSON in half and sign that")
    fail_subscribe: bool = Field(False, description="take the subscription, then answer 500")
    fail_query: bool = Field(False, description="answer queries with HTTP 502")


def faults_for(store: Store, number: str) -> Faults:
    """What applies to one number: what holds for every one, over it the number's own."""
    merged: dict[str, Any] = store.read_faults(EVERY) | store.read_faults(number)
    return Faults.model_validate(merged)
