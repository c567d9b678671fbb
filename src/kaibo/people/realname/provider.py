"""Who says that a name and a number belong together: a reviewer (embedded), or a service put in its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol


@dataclass(frozen=True)
class Claim:
    real_name: str
    id_number: str
    birth: date


@dataclass(frozen=True)
class Verdict:
    """`pending` leaves the decision to a reviewer; `reason` is shown to the person where it is `refused`."""

    state: Literal["pending", "verified", "refused"]
    reason: str = ""


class RealnameProvider(Protocol):
    async def examine(self, claim: Claim) -> Verdict:
        """Examine a claim whose number has already passed the check of GB 11643. Raises Unavailable when it cannot."""


class ReviewedByPeople:
    """The embedded provider: the checksum was right, and a reviewer decides."""

    async def examine(self, claim: Claim) -> Verdict:
        return Verdict("pending")


_provider: RealnameProvider = ReviewedByPeople()


def install(provider: RealnameProvider) -> None:
    """Put another provider in place (entry points do, once)."""
    global _provider
    _provider = provider


def provider() -> RealnameProvider:
    return _provider
