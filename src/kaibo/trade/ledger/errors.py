"""What the ledger and those who move money in it refuse."""

from __future__ import annotations

from kaibo.kernel.errors import Conflict, NotFound, refusal


@refusal
class NotCovered(Conflict):
    """More was to be taken from an account than is there and not held already."""

    code = "trade.not_covered"
    account: str
    available_fen: int
    wanted_fen: int


@refusal
class HoldMissing(NotFound):
    code = "trade.hold_missing"
    key: str


@refusal
class HoldOver(Conflict):
    """The hold has ended the other way. `outcome`: posted, voided or expired."""

    code = "trade.hold_over"
    key: str
    outcome: str
