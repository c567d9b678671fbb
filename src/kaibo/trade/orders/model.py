"""An order as the rest of trade sees it: frozen values, never rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import LineId, OrderId, OrderState, Source

Actor = Literal["buyer", "shop", "system", "payment", "carrier"]
"""Who changed an order. "payment" is the payment provider, "carrier" what a parcel's trace says, "system" is the clock."""

Flag = Literal["red", "yellow", "green", "blue", "purple"]
FLAGS: tuple[Flag, ...] = ("red", "yellow", "green", "blue", "purple")
"""The five colours with which merchants mark their orders."""

Viewer = Literal["buyer", "shop", "operator"]
Part = Literal["whole", "deposit", "balance"]
"""Which part of its orders a charge pays. A presale is paid in two."""
Closing = Literal["cancelled", "expired"]
"""What the order becomes as soon as the payment provider has closed its charge."""


@dataclass(frozen=True)
class Terms:
    """The house's periods and the platform's fee. `scale` shortens every period alike."""

    pay_seconds: int
    ship_seconds: int
    receive_seconds: int
    after_sales_seconds: int
    platform_fee_bps: int
    scale: float = 1.0


@dataclass(frozen=True)
class DeliveryAddress:
    """Where the goods go, as it was when the order was placed."""

    name: str
    phone: str
    phone_masked: str
    province: str
    city: str
    district: str
    detail: str


@dataclass(frozen=True)
class WantedLine:
    """What the buyer tapped: the price is the one they saw."""

    sku_id: SkuId
    quantity: int
    unit_price_fen: int


@dataclass(frozen=True)
class Wanted:
    """What a buyer wants to order."""

    lines: tuple[WantedLine, ...]
    address_id: UUID
    source: Source
    note: str | None = None
    coupon_ids: tuple[UUID, ...] = ()
    points: int = 0


@dataclass(frozen=True)
class OrderLine:
    """Prices and rates are frozen here when the order is placed; later changes to the product do not reach it.

    `paid_fen = line_fen - discount_fen - platform_discount_fen`; `freight_fen` is the product's own freight, `freight_paid_fen`
    the line's share of what the order pays for freight; `refunded_fen` is of `paid_fen + freight_paid_fen`. Of `refunded_quantity`
    the shop never shipped `refunded_unshipped_quantity`. `seven_day_exclusion` says why these goods need not be taken back
    without a reason (custom, perishable, digital, press); None: they must.
    """

    id: LineId
    sku_id: SkuId
    product_id: ProductId
    title: str
    sku_name: str
    picture_url: str | None
    unit_price_fen: int
    quantity: int
    line_fen: int
    paid_fen: int
    freight_fen: int
    freight_paid_fen: int
    commission_bps: int
    platform_fee_bps: int
    plan_id: UUID | None = None
    discount_fen: int = 0
    platform_discount_fen: int = 0
    refunded_fen: int = 0
    refunded_quantity: int = 0
    refunded_unshipped_quantity: int = 0
    seven_day_exclusion: str | None = None


@dataclass(frozen=True)
class Split:
    """How the total is divided at settlement; the three parts sum to it."""

    merchant_fen: int
    creator_fen: int
    platform_fen: int


@dataclass(frozen=True)
class Order:
    """`total_fen = goods_fen - discount_fen - platform_discount_fen + freight_fen` is what the buyer pays. The merchant gives
    `discount_fen`; the platform gives `platform_discount_fen` and owes it to the merchant.
    """

    id: OrderId
    checkout_id: UUID
    number: str
    buyer_id: PersonId
    buyer_nickname: str
    shop_id: ShopId
    shop_name: str
    state: OrderState
    lines: tuple[OrderLine, ...]
    goods_fen: int
    freight_fen: int
    total_fen: int
    commission_fen: int
    platform_fee_fen: int
    address: DeliveryAddress
    source: Source | None
    source_title: str | None
    creator_id: PersonId | None
    note: str | None
    created_at: datetime
    pay_before: datetime
    idempotency_key: str | None = None
    currency: str = "CNY"
    discount_fen: int = 0
    platform_discount_fen: int = 0
    # of total_fen: paid first, in a presale; 0 in every other order. Once it is paid, `balance_from` says when the rest may be
    deposit_fen: int = 0
    balance_from: datetime | None = None
    refunded_fen: int = 0
    explanation: Sequence[Mapping[str, Any]] = ()
    agency_id: UUID | None = None
    agency_bps: int = 0
    leader_id: PersonId | None = None
    leader_bps: int = 0
    open_cases: int = 0
    closing: Closing | None = None
    closing_why: str | None = None
    paid_at: datetime | None = None
    ship_before: datetime | None = None
    first_shipped_at: datetime | None = None
    shipped_at: datetime | None = None
    receive_before: datetime | None = None
    extended_seconds: int = 0
    received_at: datetime | None = None
    after_sales_until: datetime | None = None
    settled_at: datetime | None = None
    hidden_at: datetime | None = None
    reminded_at: datetime | None = None
    flag: Flag | None = None

    @property
    def paid_in_fen(self) -> int:
        """What a refund can give back at most: all of it, or the deposit where the balance never came."""
        return self.deposit_fen if self.deposit_fen and self.paid_at is None else self.total_fen


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """What is a new order's own; everything else stands in the blueprint (draft.py) that it was made from."""

    id: OrderId
    number: str
    line_ids: tuple[LineId, ...]


@dataclass(frozen=True)
class HistoryLine:
    """`why` is the key of a word; `said` is what a person wrote."""

    order_id: OrderId
    at: datetime
    state: OrderState
    actor: Actor
    why: str
    said: str | None
