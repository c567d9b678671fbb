"""Ids, states and views of orders, and where an order came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.people.contracts import PersonId

OrderId = NewType("OrderId", UUID)
LineId = NewType("LineId", UUID)


class OrderState(StrEnum):
    PLACED = "placed"
    RESERVED = "reserved"
    """The deposit of a presale is paid, the balance is not."""
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
    order is of that product, the order loses the source too. `room_id`: the prices of this room count.
    """

    creator_id: PersonId | None
    title: str
    allowed: bool
    product_id: ProductId | None = None
    room_id: UUID | None = None


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


@dataclass(frozen=True)
class SourceEvidence:
    """What the owner of a source kept of the moment of an order: a recording, from `start_ms` to `end_ms` of the file at `url`."""

    title: str
    url: str
    start_ms: int
    end_ms: int
    pitched_at: datetime
