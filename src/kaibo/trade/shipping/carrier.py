"""What Kaibo asks of any carrier or aggregator of carriers, and every answer it can get.

An adapter knows HTTP, keys and the provider's words; it knows no database and no order. Times carry a zone, values are frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kaibo.trade.shipping.model import ParcelState


@dataclass(frozen=True, slots=True)
class ToFollow:
    """`phone` is the recipient's: some carriers show a trace only to who knows its last four digits. `start` and `goal` are
    "province city district" and may be empty."""

    carrier: str
    tracking_number: str
    phone: str
    start: str
    goal: str
    push_url: str


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    state: ParcelState
    code: str
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything known of one number, oldest step first. `given_up`: the provider no longer watches it and says why."""

    carrier: str
    tracking_number: str
    steps: tuple[Step, ...]
    given_up: str = ""


class CarrierError(Exception):
    """Any failure to get a trustworthy answer; the same call may be repeated later."""


class CarrierRefused(CarrierError):
    """The provider decided against the request. `lasting`: asking the same again is of no use."""

    def __init__(self, code: str, message: str, *, lasting: bool) -> None:
        super().__init__(f"the carrier service refused with {code}: {message}")
        self.code = code
        self.message = message
        self.lasting = lasting


class PushRefused(Exception):
    """A push that must not be acted on. `reason` is for the log and the operator."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ForgedPush(PushRefused):
    """Not signed by the provider, or altered on the way."""


class MalformedPush(PushRefused):
    """Signed by the provider, and not what it says it sends."""


class CarrierService(Protocol):
    async def subscribe(self, wanted: ToFollow) -> bool:
        """Have this number's news pushed to us. False where it is followed already. Raises CarrierError."""

    async def query(self, carrier: str, tracking_number: str, phone: str) -> Trace | None:
        """What is known now; None where that is nothing. Raises CarrierError."""

    def read_push(self, form: Mapping[str, str]) -> Trace:
        """Verify and parse what was pushed. Pure. Raises ForgedPush or MalformedPush."""

    async def aclose(self) -> None: ...
