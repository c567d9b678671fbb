"""What may be refused of presales."""

from __future__ import annotations

from kaibo.kernel.errors import Conflict, Invalid, NotFound, refusal


@refusal
class PresaleInvalid(Invalid):
    """`what` names every fault."""

    code = "trade.presale_invalid"
    what: list[str]


@refusal
class PresaleMissing(NotFound):
    code = "trade.presale_missing"
    presale_id: str


@refusal
class PresaleNotOpen(Conflict):
    """Deposits are not taken at the moment. `stage` says where the presale is."""

    code = "trade.presale_not_open"
    stage: list[str]


@refusal
class PresaleTooMany(Conflict):
    code = "trade.presale_too_many"
    pieces_max: int


@refusal
class PresaleOver(Conflict):
    """The presale is over or has failed before: there is nothing to call off."""

    code = "trade.presale_over"
    stage: list[str]
