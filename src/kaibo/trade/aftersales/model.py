"""A case as the rest of trade sees it: frozen values, never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NewType
from uuid import UUID

from kaibo.goods.contracts import SkuId
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import LineId, OrderId

CaseId = NewType("CaseId", UUID)

Actor = Literal["buyer", "shop", "operator", "system", "payment"]
Side = Literal["buyer", "shop", "operator"]
Fault = Literal["merchant", "buyer", "none"]
FreightPayer = Literal["buyer", "merchant", "cover"]
Outcome = Literal["refund", "partial", "refuse", "compensate"]


class CaseKind(StrEnum):
    REFUND_ONLY = "refund_only"
    RETURN_REFUND = "return_refund"
    EXCHANGE = "exchange"
    REPAIR = "repair"
    PRICE_PROTECTION = "price_protection"


class CaseState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    """The goods are to come back: the buyer sends them."""
    RETURNING = "returning"
    INSPECTED = "inspected"
    """Exchange and repair: the goods are back and accepted, the merchant sends a replacement."""
    RESENDING = "resending"
    REFUNDING = "refunding"
    """The money is promised and on its way."""
    DONE = "done"
    REFUSED = "refused"
    ARBITRATION = "arbitration"
    DECIDED = "decided"
    """An operator has decided for the buyer and the merchant's money here does not suffice: the merchant is to perform."""
    DISMISSED = "dismissed"
    """An operator has decided for the merchant."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True)
class CaseLine:
    """`fen` of the goods and `freight_fen` are what this line gives back; both are set aside while the case is open."""

    line_id: LineId
    quantity: int
    fen: int
    freight_fen: int
    exchange_sku_id: SkuId | None = None

    @property
    def total_fen(self) -> int:
        return self.fen + self.freight_fen


@dataclass(frozen=True)
class ReturnAddress:
    name: str
    phone: str
    province: str
    city: str
    district: str
    detail: str


@dataclass(frozen=True)
class Case:
    """`refund_fen` is what is asked for, after the decision what was granted; `extra_fen` is compensation beyond what was paid."""

    id: CaseId
    number: str
    order_id: OrderId
    shop_id: ShopId
    buyer_id: PersonId
    kind: CaseKind
    state: CaseState
    reason: str
    fault: Fault
    said: str
    before_shipping: bool
    lines: tuple[CaseLine, ...]
    refund_fen: int
    explanation: tuple[Mapping[str, Any], ...]
    created_at: datetime
    rule: str
    extra_fen: int = 0
    full: bool = True
    """False where less than what the lines give back was asked for or granted: then the pieces stay refundable."""
    deadline: datetime | None = None
    deadline_rule: str | None = None
    return_to: ReturnAddress | None = None
    return_carrier: str | None = None
    return_number: str | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    return_freight_fen: int = 0
    return_freight_by: FreightPayer = "buyer"
    resend_carrier: str | None = None
    resend_number: str | None = None
    resent_at: datetime | None = None
    answered_at: datetime | None = None
    outcome: Outcome | None = None
    advanced_fen: int = 0
    closed_at: datetime | None = None

    @property
    def goods_fen(self) -> int:
        return sum(line.fen for line in self.lines)


@dataclass(frozen=True)
class CaseStep:
    """One line of a case's history. `why` is a word key, `said` what a person wrote, `rule` the id of a rule of the rulebook."""

    at: datetime
    state: CaseState
    actor: Actor
    why: str
    rule: str
    said: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    id: UUID
    side: Side
    at: datetime
    note: str
    picture_url: str | None
    thumbnail_url: str | None


@dataclass(frozen=True)
class ShopTerms:
    """What a shop promises for after-sales. A premium of 0 switches the freight cover off; 0 days the price protection."""

    shop_id: ShopId
    return_to: ReturnAddress | None = None
    cover_premium_fen: int = 0
    cover_limit_fen: int = 0
    price_protection_days: int = 0


@dataclass(frozen=True)
class Cover:
    """The return-freight cover of one order: `limit_fen` at most, once."""

    order_id: OrderId
    shop_id: ShopId
    premium_fen: int
    limit_fen: int
    paid_fen: int
