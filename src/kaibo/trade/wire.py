"""The JSON of trade. Requests refuse unknown members and everything out of range, naming the member."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from kaibo.kernel.money import FEN_MAX
from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Actor, Flag
from kaibo.trade.points.wire import POINTS_MAX, PointsOfferWire
from kaibo.trade.presales.part_wire import PresalePart
from kaibo.trade.pricing.wire import CouponIds, OrderPrice, StepWire, UnusedWire, UsedWire
from kaibo.trade.shipping.wire import ParcelWire

Quantity = Annotated[int, Field(strict=True, ge=1, le=rules.QUANTITY_MAX)]
SeenPrice = Annotated[int, Field(strict=True, ge=0, le=FEN_MAX)]
Note = Annotated[Text, StringConstraints(max_length=rules.NOTE_CHARS_MAX)]
Reason = Annotated[Text, StringConstraints(max_length=rules.REASON_CHARS_MAX)]


class BroadcastSource(Wire):
    """The bag item `item` of the broadcast `id`."""

    kind: Literal["broadcast"]
    id: Id
    item: Id


class ShowcaseSource(Wire):
    """The product `item` in the showcase of the creator `id`."""

    kind: Literal["showcase"]
    id: Id
    item: Id


class ShelfSource(Wire):
    kind: Literal["shelf"]


SourceIn = Annotated[BroadcastSource | ShowcaseSource | ShelfSource, Field(discriminator="kind")]


class TouchIn(Wire):
    """A buyer opened the product behind this source."""

    source: Annotated[BroadcastSource | ShowcaseSource, Field(discriminator="kind")]


class QuoteLineIn(Wire):
    sku_id: Id
    quantity: Quantity


class QuoteIn(Wire):
    lines: Annotated[list[QuoteLineIn], Field(min_length=1, max_length=rules.LINES_MAX)]
    address_id: Id | None = None
    coupon_ids: CouponIds | None = None
    source: SourceIn | None = None
    use_points: bool = False


class PlaceLineIn(Wire):
    """`unit_price_fen` is the price the buyer saw; another price now refuses the order."""

    sku_id: Id
    quantity: Quantity
    unit_price_fen: SeenPrice


class PlaceIn(Wire):
    """`coupon_ids`: the claims to use (`coupons_used` of the quote); all of them lower the price or the order is refused.
    `points`: how many to spend (`points.usable` of the quote); all of them can be spent or the order is refused.
    """

    lines: Annotated[list[PlaceLineIn], Field(min_length=1, max_length=rules.LINES_MAX)]
    address_id: Id
    source: SourceIn
    note: Note | None = None
    coupon_ids: CouponIds = Field(default_factory=list)
    points: Annotated[int, Field(strict=True, ge=0, le=POINTS_MAX)] = 0


def _nothing_is_empty(value: object) -> object:
    return "" if value is None else value


class ReasonIn(Wire):
    reason: Annotated[Reason, BeforeValidator(_nothing_is_empty)] = ""


class QuoteLine(Wire):
    sku_id: Id
    product_id: Id
    title: str
    sku_name: str
    picture_url: str | None
    unit_price_fen: Fen
    quantity: int
    line_fen: Fen


class Quote(Wire):
    """`total_fen = goods_fen - discount_fen - platform_discount_fen + freight_fen`; `steps` is the breakdown to show.
    `points` is null while the platform has points switched off, and for strangers.
    """

    lines: list[QuoteLine]
    goods_fen: Fen
    discount_fen: Fen
    platform_discount_fen: Fen
    freight_fen: Fen
    total_fen: Fen
    orders: list[OrderPrice]
    steps: list[StepWire]
    coupons_used: list[UsedWire]
    coupons_unused: list[UnusedWire]
    points: PointsOfferWire | None


class OrderLineWire(QuoteLine):
    """`to_ship`: pieces that are neither in a parcel nor refunded."""

    id: Id
    to_ship: int


class ShopRef(Wire):
    id: Id
    name: str


class OrderAddress(Wire):
    """`phone` in full is for the buyer, and for the shop while it still has to deliver; null otherwise."""

    name: str
    phone_masked: str
    phone: str | None
    province: str
    city: str
    district: str
    detail: str


class SourceWire(Wire):
    kind: str
    id: Id | None
    item: Id | None


class RefundWire(Wire):
    fen: Fen
    state: Literal["asked", "processing", "done", "closed", "abnormal"]
    reason: str


class HistoryWire(Wire):
    at: Instant
    state: OrderState
    actor: Actor
    why: str


class ShopNoteWire(Wire):
    at: Instant
    by_name: str
    text: str


class OrderWire(Wire):
    """`due_fen`: what is to be paid next, 0 where nothing is; of a presale (`presale`, `deposit_fen` > 0) first the deposit, then
    the balance. `extend_from`: from when on the buyer may extend the time for receiving, once; null where that is over or not yet
    in sight. `flag` and `shop_notes` are the shop's own and empty for everybody else."""

    id: Id
    checkout_id: Id
    number: str
    state: OrderState
    shop: ShopRef
    lines: list[OrderLineWire]
    goods_fen: Fen
    discount_fen: Fen
    platform_discount_fen: Fen
    freight_fen: Fen
    total_fen: Fen
    deposit_fen: Fen
    due_fen: Fen
    presale: PresalePart | None
    steps: list[StepWire]
    address: OrderAddress
    source: SourceWire | None
    note: str | None
    created_at: Instant
    pay_before: Instant
    paid_at: Instant | None
    ship_before: Instant | None
    first_shipped_at: Instant | None
    reminded_at: Instant | None
    shipped_at: Instant | None
    parcels: list[ParcelWire]
    receive_before: Instant | None
    received_at: Instant | None
    after_sales_until: Instant | None
    settled_at: Instant | None
    refund: RefundWire | None
    extend_from: Instant | None
    flag: Flag | None
    shop_notes: list[ShopNoteWire]
    actions: list[str]
    history: list[HistoryWire]


class CheckoutWire(Wire):
    """What the buyer confirmed at once and pays at once: an order for each shop. `due_fen` is to be paid next: of a presale the
    deposit or the balance."""

    id: Id
    total_fen: Fen
    due_fen: Fen
    pay_before: Instant
    orders: list[OrderWire]


class OrderCounts(Wire):
    placed: int
    reserved: int
    paid: int
    shipped: int
    received: int
    refunding: int


class Todo(Wire):
    to_ship: int
    to_ship_late: int
    refunding: int


class MoneyBalances(Wire):
    receivable_fen: Fen
    in_transit_fen: Fen
    platform_fee_fen_30d: Fen
    commission_fen_30d: Fen


class SettlementWire(Wire):
    order_number: str
    at: Instant
    total_fen: Fen
    goods_fen: Fen
    merchant_fen: Fen
    commission_fen: Fen
    platform_fee_fen: Fen


class Money(Wire):
    balances: MoneyBalances
    settlements: list[SettlementWire]


class StatementEntry(Wire):
    id: str
    at: Instant
    kind: str
    order_number: str | None
    amount_fen: Fen
    balance_fen: Fen
    why: str


class EarningBalances(Wire):
    payable_fen: Fen
    frozen_fen: Fen


class Earning(Wire):
    """`amount_fen` is the creator's own; the agency has `agency_fen` of the commission beside it."""

    order_number: str
    amount_fen: Fen
    agency_fen: Fen
    rate_bps: int
    state: Literal["frozen", "settled", "void"]
    at: Instant


class Earnings(Wire):
    balances: EarningBalances
    items: list[Earning]
    next_cursor: str | None = None


class NoticeWire(Wire):
    id: Id
    received_at: Instant
    outcome: str
    answered: int
    number: str | None
    detail: str
