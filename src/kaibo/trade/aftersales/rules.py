"""The rules of a case: what may follow what, who may ask for what, who pays the way back. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from kaibo.trade.aftersales import rulebook
from kaibo.trade.aftersales.model import Case, CaseKind, CaseState, Cover, Fault, FreightPayer, Side
from kaibo.trade.aftersales.refusals import EvidenceNeeded, NotOffered, ReasonUnfit, RuleUnknown, WrongCaseState
from kaibo.trade.aftersales.rulebook import Period
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders.model import Terms
from kaibo.trade.orders.rules import due

PICTURES_MAX = 9
RETURN_ASK_SECONDS = 4 * 3600
"""How often a carrier is asked about a return parcel: the merchant's three days begin with its delivery."""
SAID_CHARS_MAX = 500

_S, _K = CaseState, CaseKind
TRANSITIONS: Mapping[CaseState, frozenset[CaseState]] = {
    _S.ASKED: frozenset({_S.APPROVED, _S.REFUNDING, _S.REFUSED, _S.WITHDRAWN}),
    _S.APPROVED: frozenset({_S.RETURNING, _S.WITHDRAWN, _S.EXPIRED}),
    _S.RETURNING: frozenset({_S.INSPECTED, _S.REFUNDING, _S.REFUSED}),
    _S.INSPECTED: frozenset({_S.RESENDING, _S.REFUNDING}),
    _S.RESENDING: frozenset({_S.DONE, _S.ARBITRATION}),
    _S.REFUSED: frozenset({_S.APPROVED, _S.INSPECTED, _S.REFUNDING, _S.ARBITRATION, _S.WITHDRAWN, _S.EXPIRED}),
    _S.ARBITRATION: frozenset({_S.APPROVED, _S.REFUNDING, _S.DECIDED, _S.DISMISSED, _S.WITHDRAWN}),
    _S.DECIDED: frozenset({_S.REFUNDING}),
    _S.REFUNDING: frozenset({_S.DONE}),
    _S.DONE: frozenset(),
    _S.DISMISSED: frozenset(),
    _S.WITHDRAWN: frozenset(),
    _S.EXPIRED: frozenset(),
}
FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)
UNDECIDED = frozenset(CaseState) - FINAL - {_S.REFUNDING}
"""While a case is in one of these the order's settlement waits and its pieces are set aside; `refunding` has promised the money."""
GOES_BACK = frozenset({_K.RETURN_REFUND, _K.EXCHANGE, _K.REPAIR})
SENT_ANEW = frozenset({_K.EXCHANGE, _K.REPAIR})

_PAID = frozenset({OrderState.PAID, OrderState.SHIPPED, OrderState.RECEIVED, OrderState.SETTLED})
_SHIPPED = _PAID - {OrderState.PAID}
_CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Reason:
    """Whose fault it is, for which kinds it can be given, and whether a picture must come with it."""

    fault: Fault
    kinds: frozenset[CaseKind]
    picture: bool = False
    before_shipping: bool = False


def _reason(fault: Fault, *kinds: CaseKind, picture: bool = False, before_shipping: bool = False) -> Reason:
    return Reason(fault, frozenset(kinds), picture, before_shipping)


REASONS: Mapping[str, Reason] = {
    "not_wanted": _reason("buyer", _K.REFUND_ONLY, before_shipping=True),
    "wrong_order": _reason("buyer", _K.REFUND_ONLY, before_shipping=True),
    "ships_late": _reason("merchant", _K.REFUND_ONLY, before_shipping=True),
    "no_reason": _reason("buyer", _K.RETURN_REFUND),
    "not_received": _reason("merchant", _K.REFUND_ONLY),
    "missing": _reason("merchant", _K.REFUND_ONLY, picture=True),
    "agreed": _reason("none", _K.REFUND_ONLY),
    "quality": _reason("merchant", _K.REFUND_ONLY, _K.RETURN_REFUND, _K.EXCHANGE, _K.REPAIR, picture=True),
    "damaged": _reason("merchant", _K.REFUND_ONLY, _K.RETURN_REFUND, _K.EXCHANGE, picture=True),
    "wrong_item": _reason("merchant", _K.RETURN_REFUND, _K.EXCHANGE, picture=True),
    "not_as_said": _reason("merchant", _K.REFUND_ONLY, _K.RETURN_REFUND, picture=True),
    "fake": _reason("merchant", _K.RETURN_REFUND, _K.REFUND_ONLY, picture=True),
    "other_size": _reason("buyer", _K.EXCHANGE),
    "broke_later": _reason("merchant", _K.REPAIR, picture=True),
    "price_fell": _reason("none", _K.PRICE_PROTECTION),
}

REFUSALS = (
    "evidence_weak",
    "used",
    "not_ours",
    "already_solved",
    "parcel_empty",
    "parts_missing",
    "out_of_time",
    "other",
)
"""Templates of a merchant's refusal; the words are "trade.refusal.<key>"."""


def no_reason_until(received_at: datetime, house: Terms) -> datetime:
    """The end of the seventh calendar day in China after the day of receipt (law_no_reason_10)."""
    there = received_at.astimezone(_CHINA)
    last = there.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=rulebook.NO_REASON_DAYS + 1)
    return due(received_at, int((last - there).total_seconds()), house)


def check_no_reason(
    exclusions: Sequence[str | None], received_at: datetime | None, now: datetime, house: Terms
) -> None:
    """`exclusions` stand frozen on the lines. Raises NotOffered."""
    for exclusion in exclusions:
        if exclusion is not None:
            raise NotOffered(kind=_K.RETURN_REFUND.value, why=[f"excluded_{exclusion}"])
    if received_at is not None and now >= no_reason_until(received_at, house):
        raise NotOffered(kind=_K.RETURN_REFUND.value, why=["seven_days_over"])


def check_reason(kind: CaseKind, reason: str, pictures: int, *, before_shipping: bool) -> Reason:
    """Raises ReasonUnfit, EvidenceNeeded."""
    found = REASONS.get(reason)
    if found is None or kind not in found.kinds or found.before_shipping != before_shipping:
        raise ReasonUnfit(reason=reason, kind=kind.value)
    if found.picture and not pictures:
        raise EvidenceNeeded(reason=reason)
    return found


def is_before_shipping(kind: CaseKind, state: OrderState, reason: str, *, partly_shipped: bool) -> bool:
    """Whether a case is about pieces that have not left the shop. Of an order that is partly on its way the reason tells."""
    if kind is not _K.REFUND_ONLY or state is not OrderState.PAID:
        return False
    known = REASONS.get(reason)
    return not partly_shipped or (known is not None and known.before_shipping)


def check_time(kind: CaseKind, state: OrderState, received_at: datetime | None, now: datetime, house: Terms) -> None:
    """Whether this kind can still be asked for. Raises NotOffered. `seven days` and price protection have checks of their own."""
    if state not in _PAID:
        raise NotOffered(kind=kind.value, why=["order_state"])
    if kind in GOES_BACK and state not in _SHIPPED:
        raise NotOffered(kind=kind.value, why=["not_shipped"])
    days = rulebook.REPAIR_DAYS if kind is _K.REPAIR else rulebook.QUALITY_DAYS
    if kind is _K.PRICE_PROTECTION or received_at is None:
        return
    if now >= due(received_at, days * rulebook.DAY_SECONDS, house):
        raise NotOffered(kind=kind.value, why=["window_over"])


def check_price_protection(promised_days: int, paid_at: datetime | None, now: datetime, house: Terms) -> datetime:
    """Until when the price is protected. Raises NotOffered."""
    kind = _K.PRICE_PROTECTION.value
    if not promised_days or paid_at is None:
        raise NotOffered(kind=kind, why=["no_price_protection"])
    until = due(paid_at, promised_days * rulebook.DAY_SECONDS, house)
    if now >= until:
        raise NotOffered(kind=kind, why=["price_protection_over"])
    return until


def may_become(state: CaseState, following: CaseState) -> bool:
    return following in TRANSITIONS[state]


def require(case: Case, following: CaseState, action: str) -> None:
    """Raises WrongCaseState, saying where the case stands and what was tried."""
    if not may_become(case.state, following):
        raise WrongCaseState(state=case.state.value, action=action)


def require_state(case: Case, action: str, *states: CaseState) -> None:
    if case.state not in states:
        raise WrongCaseState(state=case.state.value, action=action)


def after_approval(kind: CaseKind) -> CaseState:
    """Goods that go back are sent first; everything else is refunded at once."""
    return _S.APPROVED if kind in GOES_BACK else _S.REFUNDING


def after_inspection(kind: CaseKind) -> CaseState:
    return _S.INSPECTED if kind in SENT_ANEW else _S.REFUNDING


def granted_at_once(kind: CaseKind, reason: str, *, before_shipping: bool) -> str | None:
    """The rule that approves a case without asking the merchant, or None where the merchant answers first."""
    if kind is _K.PRICE_PROTECTION:
        return "price_protection"
    if reason == "no_reason":
        return "law_consumer_25"
    return "before_shipping" if before_shipping else None


def inspection_period(kind: CaseKind) -> Period:
    return rulebook.INSPECT_TECHNICAL if kind is _K.REPAIR else rulebook.INSPECT


def waits_for(state: CaseState) -> Side | None:
    """Who has to do something now; None where nobody but the payment provider has."""
    return _WAITS.get(state)


_WAITS: Mapping[CaseState, Side] = {
    _S.ASKED: "shop",
    _S.APPROVED: "buyer",
    _S.RETURNING: "shop",
    _S.INSPECTED: "shop",
    _S.RESENDING: "buyer",
    _S.REFUSED: "buyer",
    _S.ARBITRATION: "operator",
    _S.DECIDED: "shop",
}


def return_freight(fault: Fault, said_fen: int, cover: Cover | None) -> tuple[FreightPayer, int]:
    """Who pays the way back, and how much of what the buyer says it cost.

    The merchant at fault pays it; otherwise the cover, up to its limit and once; otherwise the buyer (law_no_reason_18).
    """
    if fault == "merchant":
        return "merchant", min(said_fen, rulebook.RETURN_FREIGHT_FEN_MAX)
    left = 0 if cover is None else cover.limit_fen - cover.paid_fen
    if cover is not None and left > 0:
        return "cover", min(said_fen, left)
    return "buyer", 0


def check_arbitration_rule(rule: str) -> None:
    """Raises RuleUnknown."""
    if rule not in rulebook.ARBITRATION_RULES:
        raise RuleUnknown(rule=rule)


def fraud_compensation(paid_fen: int) -> int:
    """Three times what was paid, at least 500 yuan (Consumer Law art. 55). On top of the money back."""
    return max(rulebook.FRAUD_TIMES * paid_fen, rulebook.FRAUD_FEN_MIN)


def actions(case: Case, side: Side) -> list[str]:
    """What this side may do with the case now."""
    found: list[str] = []
    s = case.state
    if side == "buyer":
        found += ["send_back"] if s is _S.APPROVED else []
        found += ["escalate"] if s in (_S.REFUSED, _S.RESENDING) else []
        found += ["confirm"] if s is _S.RESENDING else []
        found += ["withdraw"] if may_become(s, _S.WITHDRAWN) else []
    if side == "shop":
        found += ["approve"] if s in (_S.ASKED, _S.REFUSED) and not _was_inspected(case) else []
        found += ["accept"] if s is _S.REFUSED and _was_inspected(case) else []
        found += ["refuse"] if s is _S.ASKED else []
        found += ["inspect"] if s is _S.RETURNING else []
        found += ["resend"] if s is _S.INSPECTED else []
        found += ["perform"] if s is _S.DECIDED else []
    if side == "operator" and s is _S.ARBITRATION:
        found.append("decide")
    if side != "operator" and s in UNDECIDED:
        found.append("evidence")
    return found


def _was_inspected(case: Case) -> bool:
    return case.sent_at is not None
