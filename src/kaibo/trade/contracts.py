"""What the floors above may know of trade: ids, where an order came from, events, errors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NewType
from uuid import UUID

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.kernel.errors import Conflict, Invalid, NotFound, Refused, Unavailable, refusal
from kaibo.kernel.events import Event
from kaibo.people.contracts import PersonId, ShopId

OrderId = NewType("OrderId", UUID)
LineId = NewType("LineId", UUID)


class OrderState(StrEnum):
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    RECEIVED = "received"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


@dataclass(frozen=True)
class Source:
    """Where the buyer was when they ordered. `kind` "shelf" needs no id; "broadcast" names the broadcast and the bag item,
    "showcase" the creator and the product.
    """

    kind: str = "shelf"
    id: UUID | None = None
    item: UUID | None = None


@dataclass(frozen=True)
class SourceFacts:
    """What the owner of a source says about it. Where `allowed` is False the order is placed without a source.

    `creator_id` earns the commission. `product_id` is the product behind `Source.item`; where it is given and no line of the
    order is of that product, the order loses the source too.
    """

    creator_id: PersonId | None
    title: str
    allowed: bool
    product_id: ProductId | None = None


@dataclass(frozen=True)
class OrderedLine:
    """One line of an order as events carry it."""

    sku_id: SkuId
    product_id: ProductId
    title: str
    quantity: int
    line_fen: int


@dataclass(frozen=True)
class WhichOrders:
    """A filter of a shop's orders: placed in [since, until), in one of `states` (any, where empty)."""

    shop_id: UUID
    since: datetime | None = None
    until: datetime | None = None
    states: tuple[OrderState, ...] = ()


# --- events


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
class OrderPlaced(OrderEvent):
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


@dataclass(frozen=True)
class SourceEvidence:
    """What the owner of a source kept of the moment of an order: a recording, from `start_ms` to `end_ms` of the file at `url`."""

    title: str
    url: str
    start_ms: int
    end_ms: int
    pitched_at: datetime


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


# --- errors


@refusal
class OrderMissing(NotFound):
    code = "trade.order_missing"
    order_id: str


@refusal
class RefundMissing(NotFound):
    code = "trade.refund_missing"
    refund_id: str


@refusal
class WrongState(Conflict):
    """The order is not in a state in which this can be done."""

    code = "trade.wrong_state"
    state: str
    action: str


@refusal
class AlreadyPaid(Conflict):
    """The payment was faster than the cancellation."""

    code = "trade.already_paid"
    number: str


@refusal
class PaymentClosing(Conflict):
    """The order is being cancelled or has run out of time, and the provider has not yet said whether it was paid."""

    code = "trade.payment_closing"
    number: str


@refusal
class SeveralShops(Invalid):
    code = "trade.several_shops"
    shops: int


@refusal
class SkuTwice(Invalid):
    code = "trade.sku_twice"
    sku_id: SkuId


@refusal
class TotalTooLarge(Invalid):
    code = "trade.total_too_large"
    total_fen: int
    fen_max: int
    yuan_max: str


@refusal
class NothingToPay(Invalid):
    """A total of 0 fen: no provider takes it."""

    code = "trade.nothing_to_pay"


@refusal
class UnknownCarrier(Invalid):
    code = "trade.unknown_carrier"
    carrier: str


@refusal
class BadTrackingNumber(Invalid):
    code = "trade.bad_tracking_number"
    carrier: str
    carrier_name: str
    tracking_number: str
    shape: str


@refusal
class GatewayUnavailable(Unavailable):
    """The payment provider gave no answer; nothing is lost, the same call may be repeated."""

    code = "trade.gateway_unavailable"


@refusal
class GatewayNotConfigured(Unavailable):
    code = "trade.gateway_not_configured"
    why: str


@refusal
class ChargeRefused(Refused):
    """The payment provider decided against the payment."""

    code = "trade.charge_refused"
    why: str


@refusal
class CurrencyRefused(Invalid):
    """This way to pay does not take the order's currency."""

    code = "trade.currency_refused"
    method: str
    currency: str


@refusal
class BadReturnPath(Invalid):
    code = "trade.bad_return_path"
    return_path: str
