"""A charge and a refund as this room sees them: frozen values, never rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType
from uuid import UUID

from kaibo.trade.contracts import OrderId
from kaibo.trade.orders.model import Part
from kaibo.trade.payment.methods import Provider, provider_of

ChargeId = NewType("ChargeId", UUID)
RefundId = NewType("RefundId", UUID)
RefundKind = Literal[
    "before_shipping", "late_payment", "aftersales", "group_failed", "presale_failed", "price_protection"
]


class ChargeRow(StrEnum):
    """States of our own record of a charge."""

    CREATING = "creating"
    """Written down; whether the provider has heard of it is not known yet."""
    PENDING = "pending"
    PAID = "paid"
    CLOSED = "closed"
    FAILED = "failed"
    PAID_LATE = "paid_late"
    """Paid when the order was no longer waiting for it: the money is going back."""


class RefundRow(StrEnum):
    """States of our own record of a refund."""

    ASKED = "asked"
    PROCESSING = "processing"
    DONE = "done"
    CLOSED = "closed"
    """The provider gave this attempt up; the next attempt has a number of its own."""
    ABNORMAL = "abnormal"
    """The buyer's account could not take the money; an operator has to settle it with the provider."""


LIVE = frozenset({ChargeRow.CREATING, ChargeRow.PENDING})
REFUND_FINAL = frozenset({RefundRow.DONE, RefundRow.CLOSED})


class Outcome(StrEnum):
    """What became of a notice, or of an answer to a query."""

    PAID = "paid"
    DUPLICATE = "duplicate"
    LATE = "late"
    REFUND_DONE = "refund_done"
    REFUND_GOING_ON = "refund_going_on"
    REFUND_AGAIN = "refund_again"
    REFUND_ABNORMAL = "refund_abnormal"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_REFUND = "unknown_refund"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_CURRENCY = "wrong_currency"
    CONFLICTING = "conflicting_transaction"
    FORGED = "forged"
    STALE = "stale"
    FOREIGN = "foreign"
    IGNORED = "ignored"
    """Genuine, about nothing that we act on."""


@dataclass(frozen=True)
class Charge:
    """What is paid at once for all orders of a checkout."""

    id: ChargeId
    checkout_id: UUID
    out_trade_no: str
    attempt: int
    method: str
    state: ChargeRow
    part: Part
    amount_fen: int
    currency: str
    description: str
    payer_ip: str
    return_url: str
    notify_url: str
    pay_url: str | None
    provider_ref: str
    transaction_id: str | None
    expires_at: datetime
    created_at: datetime
    asked_at: datetime | None
    paid_at: datetime | None

    @property
    def provider(self) -> Provider:
        return provider_of(self.method)


@dataclass(frozen=True)
class Refund:
    id: RefundId
    order_id: OrderId
    charge_id: ChargeId
    key: str
    out_refund_no: str
    attempt: int
    kind: RefundKind
    state: RefundRow
    fen: int
    reason: str
    promised_by: str
    notify_url: str
    refund_id: str | None
    tries: int
    done_at: datetime | None
