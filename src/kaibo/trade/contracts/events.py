"""What happens in trade, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from kaibo.kernel.events import Event
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts.orders import (
    LineId,
    OrderedLine,
    OrderId,
    Source,
)


@dataclass(frozen=True, kw_only=True)
class OrderEvent(Event):
    """What every order event says. `buyer_nickname` is masked (李**); `source` is None where the order lost it."""

    order_id: OrderId
    number: str
    buyer_id: PersonId
    buyer_nickname: str
    shop_id: ShopId
    source: Source | None
    creator_id: PersonId | None
    lines: list[OrderedLine]
    total_fen: int
    at: datetime

    @property
    def aggregate_id(self) -> str:
        return str(self.order_id)


@dataclass(frozen=True, kw_only=True)
class OrdersPlaced(Event):
    """Placed at the same moment, `source_ids` are where they came from; `facade.placed_orders` tells them one by one."""

    subject: ClassVar[str] = "trade.orders.placed"
    order_ids: list[OrderId]
    source_ids: list[UUID]
    at: datetime

    @property
    def aggregate_id(self) -> str:
        return str(self.order_ids[0])


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(OrderEvent):
    """One of OrdersPlaced, and published with them only."""

    subject: ClassVar[str] = "trade.order.placed"


@dataclass(frozen=True, kw_only=True)
class OrderPaid(OrderEvent):
    subject: ClassVar[str] = "trade.order.paid"


@dataclass(frozen=True, kw_only=True)
class OrderExpired(OrderEvent):
    subject: ClassVar[str] = "trade.order.expired"


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(OrderEvent):
    subject: ClassVar[str] = "trade.order.cancelled"
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderReminded(OrderEvent):
    """The buyer asks the merchant to ship."""

    subject: ClassVar[str] = "trade.order.reminded"


@dataclass(frozen=True, kw_only=True)
class OrderShipped(OrderEvent):
    """Everything lies in parcels. `carrier` and `tracking_number` are those of the last one."""

    subject: ClassVar[str] = "trade.order.shipped"
    carrier: str
    tracking_number: str


@dataclass(frozen=True)
class ParcelPiece:
    line_id: LineId
    quantity: int


@dataclass(frozen=True, kw_only=True)
class ParcelShipped(OrderEvent):
    """One parcel has been handed over; the order may need more of them."""

    subject: ClassVar[str] = "trade.parcel.shipped"
    parcel_id: UUID
    carrier: str
    tracking_number: str
    pieces: list[ParcelPiece]


@dataclass(frozen=True, kw_only=True)
class ParcelDelivered(OrderEvent):
    """The trace says that a parcel was signed for. `was_last`: now the whole order has arrived."""

    subject: ClassVar[str] = "trade.parcel.delivered"
    parcel_id: UUID
    carrier: str
    tracking_number: str
    delivered_at: datetime
    was_last: bool


@dataclass(frozen=True, kw_only=True)
class OrderReceived(OrderEvent):
    subject: ClassVar[str] = "trade.order.received"


@dataclass(frozen=True, kw_only=True)
class OrderRefunded(OrderEvent):
    """The provider has given the money back. Only orders that had been paid are refunded; see PaymentRefundedLate."""

    subject: ClassVar[str] = "trade.order.refunded"
    refund_fen: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderSettled(OrderEvent):
    """The five shares sum to `total_fen - refunded_fen + subsidy_fen` (what the platform pays the merchant for its discounts)."""

    subject: ClassVar[str] = "trade.order.settled"
    merchant_fen: int
    creator_fen: int
    platform_fen: int
    agency_fen: int = 0
    leader_fen: int = 0
    subsidy_fen: int = 0
    refunded_fen: int = 0


@dataclass(frozen=True, kw_only=True)
class PaymentRefundedLate(OrderEvent):
    """Money came for an order that was no longer waiting for it, and has been given back. The order was never paid."""

    subject: ClassVar[str] = "trade.payment.refunded_late"
    refund_fen: int


@dataclass(frozen=True, kw_only=True)
class PaymentRefundDone(Event):
    """A promised refund has reached the buyer. `key` is the one under which it was promised."""

    subject: ClassVar[str] = "trade.payment.refund_done"
    refund_id: UUID
    order_id: OrderId
    key: str
    fen: int
    at: datetime

    @property
    def aggregate_id(self) -> str:
        return str(self.order_id)


@dataclass(frozen=True, kw_only=True)
class AftersalesEvent(Event):
    """What every event of a case says. `kind` and `state` are CaseKind and CaseState; `rule` is behind the last decision."""

    case_id: UUID
    number: str
    order_id: OrderId
    shop_id: ShopId
    buyer_id: PersonId
    kind: str
    state: str
    refund_fen: int
    extra_fen: int
    actor: str
    rule: str
    at: datetime

    @property
    def aggregate_id(self) -> str:
        return str(self.case_id)


@dataclass(frozen=True, kw_only=True)
class AftersalesOpened(AftersalesEvent):
    subject: ClassVar[str] = "trade.aftersales.opened"


@dataclass(frozen=True, kw_only=True)
class AftersalesMoved(AftersalesEvent):
    subject: ClassVar[str] = "trade.aftersales.moved"


@dataclass(frozen=True, kw_only=True)
class AftersalesClosed(AftersalesEvent):
    """Done, dismissed, withdrawn or expired."""

    subject: ClassVar[str] = "trade.aftersales.closed"


@dataclass(frozen=True, kw_only=True)
class CompensationAdvanced(Event):
    """The compensation fund has paid `fen` in a shop's place."""

    subject: ClassVar[str] = "trade.compensation.advanced"
    claim_id: UUID
    case_id: UUID
    order_id: OrderId
    shop_id: ShopId
    fen: int
    at: datetime

    @property
    def aggregate_id(self) -> str:
        return str(self.case_id)
