"""An order as the rest of trade sees it: frozen values, never rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import LineId, OrderId, OrderState, Source

Actor = Literal["buyer", "shop", "system", "payment"]
"""Who changed an order. "payment" is the payment provider, "system" is the clock."""

Viewer = Literal["buyer", "shop", "operator"]
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


@dataclass(frozen=True)
class OrderLine:
    """Prices and rates are frozen here when the order is placed; later changes to the product do not reach it."""

    id: LineId
    sku_id: SkuId
    product_id: ProductId
    title: str
    sku_name: str
    picture_url: str | None
    unit_price_fen: int
    quantity: int
    line_fen: int
    freight_fen: int
    commission_bps: int
    platform_fee_bps: int


@dataclass(frozen=True)
class Split:
    """How the total is divided at settlement; the three parts sum to it."""

    merchant_fen: int
    creator_fen: int
    platform_fen: int


@dataclass(frozen=True)
class Order:
    id: OrderId
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
    closing: Closing | None = None
    closing_why: str | None = None
    paid_at: datetime | None = None
    ship_before: datetime | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    shipped_at: datetime | None = None
    receive_before: datetime | None = None
    received_at: datetime | None = None
    after_sales_until: datetime | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True)
class HistoryLine:
    """`why` is the key of a word; `said` is what a person wrote."""

    order_id: OrderId
    at: datetime
    state: OrderState
    actor: Actor
    why: str
    said: str | None
