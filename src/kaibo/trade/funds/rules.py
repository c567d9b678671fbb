"""The rules of withdrawals and deposits: when money is ripe, what a withdrawal costs, when a shop is blocked. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from kaibo.trade.funds.model import Audience, Deposit, MoneyTerms, WithdrawalState

REASON_CHARS_MAX = 200
EVIDENCE_MAX = 9
SETTLE_DAYS_MAX = 90
GRACE_DAYS_MAX = 90
BEIJING = timezone(timedelta(hours=8))

DEFAULTS: dict[Audience, MoneyTerms] = {
    "standard": MoneyTerms("standard", 1, 100, 0, 0, 7),
    "trusted": MoneyTerms("trusted", 0, 100, 0, 0, 15),
    "new": MoneyTerms("new", 7, 100, 0, 200_000, 7),
    "creator": MoneyTerms("creator", 1, 100, 0, 0, 7),
}
"""What holds until an operator sets something else."""

TRANSITIONS: dict[WithdrawalState, frozenset[WithdrawalState]] = {
    WithdrawalState.ASKED: frozenset({WithdrawalState.APPROVED, WithdrawalState.REFUSED}),
    WithdrawalState.APPROVED: frozenset({WithdrawalState.PAID, WithdrawalState.RETURNED}),
    WithdrawalState.PAID: frozenset(),
    WithdrawalState.REFUSED: frozenset(),
    WithdrawalState.RETURNED: frozenset(),
}


def midnight(at: datetime) -> datetime:
    """The beginning of `at`'s day in Beijing."""
    there = at.astimezone(BEIJING)
    return there.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def ripe_before(now: datetime, settle_days: int) -> datetime:
    """What was settled before this instant may be withdrawn at `now`: T+0 at once, T+1 from the next day's beginning."""
    if settle_days == 0:
        return now + timedelta(microseconds=1)
    return midnight(now) - timedelta(days=settle_days - 1)


def available(balance_fen: int, unripe_fen: int, held_fen: int) -> int:
    """What may be withdrawn. A refund may have made less ripe than nothing: that is no extra money."""
    return max(0, balance_fen - max(0, unripe_fen) - held_fen)


def standing(
    balance_fen: int, minimum_fen: int, below_since: datetime | None, grace_days: int, now: datetime
) -> Deposit:
    """A shop's deposit against its minimum."""
    if balance_fen >= minimum_fen:
        return Deposit(balance_fen, minimum_fen, None, None, False)
    since = below_since or now
    from_ = since + timedelta(days=grace_days)
    return Deposit(balance_fen, minimum_fen, since, from_, now >= from_)


def masked(number: str) -> str:
    """6222021234567890 -> **** **** **** 7890"""
    return f"**** **** **** {number[-4:]}"


def bank_number(text: str) -> str | None:
    """The digits of a bank card or account number (8 to 30), or None where it is none. Spaces and hyphens are dropped."""
    digits = text.replace(" ", "").replace("-", "")
    return digits if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 30 else None
