"""What the room refuses, with the facts that a person needs to do better."""

from __future__ import annotations

from kaibo.kernel.errors import Conflict, Invalid, NotFound, Refused, refusal


@refusal
class CaseMissing(NotFound):
    code = "trade.case_missing"
    case_id: str


@refusal
class WrongCaseState(Conflict):
    """The case has gone on, or this step does not belong to its kind."""

    code = "trade.case_wrong_state"
    state: str
    action: str


@refusal
class NotOffered(Refused):
    """This kind of after-sales cannot be had for this order at the moment; `why` are keys of trade.not_offered."""

    code = "trade.not_offered"
    kind: str
    why: list[str]


@refusal
class ReasonUnfit(Invalid):
    code = "trade.reason_unfit"
    reason: str
    kind: str


@refusal
class EvidenceNeeded(Invalid):
    code = "trade.evidence_needed"
    reason: str


@refusal
class TooMuchEvidence(Invalid):
    code = "trade.too_much_evidence"
    pictures_max: int


@refusal
class LineUnknown(Invalid):
    code = "trade.case_line_unknown"
    line_id: str


@refusal
class LineTwice(Invalid):
    code = "trade.case_line_twice"
    line_id: str


@refusal
class NothingLeft(Conflict):
    """The pieces are refunded or stand in another open case."""

    code = "trade.nothing_left"
    title: str
    left: int
    asked: int


@refusal
class AmountTooHigh(Invalid):
    code = "trade.amount_too_high"
    fen: int
    fen_max: int
    yuan_max: str


@refusal
class PriceNotFallen(Refused):
    code = "trade.price_not_fallen"
    days: int


@refusal
class RuleUnknown(Invalid):
    code = "trade.rule_unknown"
    rule: str


@refusal
class RestockTooMany(Invalid):
    code = "trade.restock_too_many"
    line_id: str
    quantity: int
    quantity_max: int


@refusal
class NotEnoughMoney(Conflict):
    """The shop's balance and deposit do not cover what was decided."""

    code = "trade.not_enough_to_perform"
    need_fen: int
    need_yuan: str
    have_yuan: str


@refusal
class ExchangeUnfit(Invalid):
    """Only for another SKU of the same product that costs no more now than this one did."""

    code = "trade.exchange_unfit"
    sku_id: str


@refusal
class CoverUnfit(Invalid):
    """A premium without a limit, or a limit without a premium."""

    code = "trade.cover_unfit"
