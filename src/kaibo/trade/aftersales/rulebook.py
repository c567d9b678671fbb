"""The rules that decide cases, and the periods they set: data with sources, so that a lawyer or an operator can check each line.

`status` says how far the source was verified: "V" read in the primary text, "S" from a secondary source, "P" the platform's own
rule, which it may change with seven days' notice (E-Commerce Law art. 34). A rule's words are "trade.rule.<id>" in `words/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS


@dataclass(frozen=True)
class Rule:
    """`operator` says that an arbitration may rest on it."""

    id: str
    source: str
    status: Literal["V", "S", "P"]
    operator: bool = False


def _book(*rules: Rule) -> Mapping[str, Rule]:
    return {rule.id: rule for rule in rules}


RULES: Mapping[str, Rule] = _book(
    Rule("law_consumer_24", "消费者权益保护法 24", "S", operator=True),
    Rule("law_consumer_25", "消费者权益保护法 25", "V", operator=True),
    Rule("law_consumer_44", "消费者权益保护法 44", "V", operator=True),
    Rule("law_consumer_55", "消费者权益保护法 55", "V", operator=True),
    Rule("law_no_reason_10", "网络购买商品七日无理由退货暂行办法 10", "S"),
    Rule("law_no_reason_18", "网络购买商品七日无理由退货暂行办法 18", "S", operator=True),
    Rule("before_shipping", "Kaibo A1", "P"),
    Rule("answer_48h", "Kaibo A2", "P"),
    Rule("agreement", "Kaibo A3", "P"),
    Rule("send_7d", "Kaibo A4", "P"),
    Rule("arrive_10d", "Kaibo A5", "P"),
    Rule("inspect_3d", "Kaibo A6", "P"),
    Rule("inspect_10d", "Kaibo A6", "P"),
    Rule("inspection", "Kaibo A7", "P", operator=True),
    Rule("resend_7d", "Kaibo A8", "P"),
    Rule("confirm_10d", "Kaibo A9", "P"),
    Rule("escalate_7d", "Kaibo A10", "P"),
    Rule("arbitrate_5d", "Kaibo A11", "P"),
    Rule("evidence", "Kaibo A12", "P", operator=True),
    Rule("perform_24h", "Kaibo A13", "P"),
    Rule("advance", "Kaibo A14", "P"),
    Rule("price_protection", "Kaibo A15", "P", operator=True),
    Rule("freight_out", "Kaibo A16", "P"),
    Rule("freight_cover", "Kaibo A17", "P"),
    Rule("buyer_withdraws", "Kaibo A18", "P"),
)
ARBITRATION_RULES = tuple(rule.id for rule in RULES.values() if rule.operator)


@dataclass(frozen=True)
class Period:
    """A deadline that decides by itself when it is missed, and the rule that says so."""

    seconds: int
    rule: str


ANSWER = Period(48 * HOUR_SECONDS, "answer_48h")
"""The merchant answers, or the case is approved."""
SEND = Period(7 * DAY_SECONDS, "send_7d")
"""The buyer hands the parcel over, or the case is closed."""
ARRIVE = Period(10 * DAY_SECONDS, "arrive_10d")
"""A return parcel whose delivery no carrier has reported counts as inspected after this."""
INSPECT = Period(3 * DAY_SECONDS, "inspect_3d")
"""The merchant inspects after the delivery, or the goods count as accepted."""
INSPECT_TECHNICAL = Period(10 * DAY_SECONDS, "inspect_10d")
"""The same where a repair needs a look inside; no rule of a case may allow more than this."""
RESEND = Period(7 * DAY_SECONDS, "resend_7d")
"""The merchant sends the replacement or the repaired piece, or the money goes back."""
CONFIRM = Period(10 * DAY_SECONDS, "confirm_10d")
"""The buyer says that the replacement came, or it counts as received."""
ESCALATE = Period(7 * DAY_SECONDS, "escalate_7d")
"""The buyer calls the platform after a refusal, or the case is closed."""
ARBITRATE = Period(5 * DAY_SECONDS, "arbitrate_5d")
"""The platform's promise to decide. It does not decide by itself: nobody loses because an operator was slow."""
PERFORM = Period(24 * HOUR_SECONDS, "perform_24h")
"""The merchant performs what was decided, or the compensation fund pays in advance."""

NO_REASON_DAYS = 7
"""Calendar days, counted from the day after receipt (law_no_reason_10)."""
QUALITY_DAYS = 30
"""After receipt, for what is the merchant's fault. The law's minimum is 7 (law_consumer_24); a better promise binds."""
REPAIR_DAYS = 365
PRICE_PROTECTION_DAYS_MAX = 30
RETURN_FREIGHT_FEN_MAX = 5_000
"""What a merchant at fault pays for the way back without being asked (50 yuan); more is for an operator to decide."""
FRAUD_TIMES = 3
FRAUD_FEN_MIN = 50_000
"""Fraud: three times the price, at least 500 yuan (law_consumer_55)."""
