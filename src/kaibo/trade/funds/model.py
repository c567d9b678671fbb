"""Withdrawals, bank accounts, terms and deposits as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

OwnerKind = Literal["shop", "creator", "leader", "agency"]
"""Whose money: a shop's, what a person earned as a creator or as a leader, or an agency's share of what its creators earn."""

Audience = Literal["standard", "trusted", "new", "creator"]
"""Whom terms are for: the classes of merchants, and everybody who earns commissions."""

MERCHANT_CLASSES: tuple[Audience, ...] = ("standard", "trusted", "new")


class WithdrawalState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"


@dataclass(frozen=True)
class Owner:
    kind: OwnerKind
    id: UUID


@dataclass(frozen=True)
class MoneyTerms:
    """`settle_days`: what is settled on day D may be withdrawn from the beginning of day D + settle_days (Beijing time)."""

    audience: Audience
    settle_days: int
    withdrawal_min_fen: int
    withdrawal_fee_fen: int
    deposit_min_fen: int
    deposit_grace_days: int


@dataclass(frozen=True)
class BankAccount:
    """`number_masked` shows the last four digits; the number itself is sealed."""

    id: UUID
    owner: Owner
    holder: str
    bank: str
    number_masked: str
    created_at: datetime


@dataclass(frozen=True)
class Withdrawal:
    """`fen` leaves the owner's account, of which `fee_fen` stays with the platform."""

    id: UUID
    owner: Owner
    fen: int
    fee_fen: int
    state: WithdrawalState
    holder: str
    bank: str
    number_masked: str
    asked_by: UUID
    asked_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str | None
    ended_at: datetime | None
    reference: str | None


@dataclass(frozen=True)
class Withdrawable:
    """`available_fen = balance_fen - unripe_fen - held_fen`, never below 0. Unripe is settled, but its period is not over."""

    balance_fen: int
    unripe_fen: int
    held_fen: int
    available_fen: int
    terms: MoneyTerms


@dataclass(frozen=True)
class Deposit:
    """`below_since`: when the deposit fell below its minimum; from `blocked_from` on the shop can list nothing new."""

    balance_fen: int
    minimum_fen: int
    below_since: datetime | None
    blocked_from: datetime | None
    blocked: bool


@dataclass(frozen=True)
class Deduction:
    id: UUID
    shop_id: UUID
    fen: int
    reason: str
    evidence: tuple[str, ...]
    by: UUID
    at: datetime
