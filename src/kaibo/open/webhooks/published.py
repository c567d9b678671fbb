"""What programs outside hear: the types, their shapes, and how an event of the house becomes one.

The shapes are a promise: members may be added within a version, nothing is renamed or taken away. They carry ids and amounts and no
personal data; a program that needs an address asks the API with a token that may see it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.goods.contracts import ProductChanged, StockChanged
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.events import Event
from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.stage.contracts import BroadcastEnded, BroadcastWentLive
from kaibo.trade import contracts as trade
from kaibo.trade import facade as trade_wing
from kaibo.trade.contracts import presales

VERSION = 1
TEST_TYPE = "webhook.test"


class LineData(Wire):
    sku_id: Id
    product_id: Id
    title: str
    quantity: int
    line_fen: Fen


class OrderData(Wire):
    """`source_kind` says where the buyer was ("shelf", "broadcast" …), null where the order has no source."""

    order_id: Id
    number: str
    shop_id: Id
    total_fen: Fen
    lines: list[LineData]
    source_kind: str | None
    source_id: Id | None
    at: Instant


class ShippedData(OrderData):
    carrier: str
    tracking_number: str


class ReservedData(OrderData):
    """The deposit of a presale is paid; the balance can be paid from `balance_from`."""

    deposit_fen: Fen
    balance_from: Instant


class BalanceDueData(OrderData):
    balance_fen: Fen
    pay_before: Instant


class RefundedData(OrderData):
    refund_fen: Fen


class SettledData(OrderData):
    """The five shares sum to `total_fen - refunded_fen + subsidy_fen` (what the platform pays for its own discounts)."""

    merchant_fen: Fen
    creator_fen: Fen
    agency_fen: Fen
    leader_fen: Fen
    platform_fen: Fen
    subsidy_fen: Fen
    refunded_fen: Fen


class ParcelData(OrderData):
    parcel_id: Id
    carrier: str
    tracking_number: str


class CaseData(Wire):
    """An after-sales case: `kind` and `state` as GET /api/shops/{shop_id}/aftersales says them; `actor` moved it."""

    case_id: Id
    number: str
    order_id: Id
    shop_id: Id
    kind: str
    state: str
    refund_fen: Fen
    actor: str
    at: Instant


class ProductData(Wire):
    """Something buyers see of a product changed; `on_sale` says whether it may be bought."""

    product_id: Id
    shop_id: Id
    on_sale: bool


class StockData(Wire):
    sku_id: Id
    product_id: Id
    shop_id: Id
    available: int


class BroadcastData(Wire):
    broadcast_id: Id
    room_id: Id
    at: Instant


class EndedData(BroadcastData):
    """`why` is "host", "operator" or "silent"."""

    why: str


class TestData(Wire):
    endpoint_id: Id
    at: Instant


@dataclass(frozen=True)
class Told:
    """An event as it goes out: `shop_id` is the shop whose endpoints hear it; None: only the platform's do."""

    shop_id: UUID | None
    data: Wire


Tell = Callable[[Db, Any], Awaitable[Sequence[Told]]]
"""What an event says to endpoints: nothing, one message or many."""


@dataclass(frozen=True)
class Published:
    """`name` is the public type, "order.paid"."""

    name: str
    event: type[Event]
    model: type[Wire]
    tell: Tell


def _of_order(model: type[OrderData], *more: str) -> Tell:
    async def tell(_db: Db, event: trade.OrderEvent) -> Sequence[Told]:
        return [_order(model, event, *more)]

    return tell


async def _placed(db: Db, event: trade.OrdersPlaced) -> Sequence[Told]:
    return [_order(OrderData, one) for one in await trade_wing.placed_orders(db, event.order_ids)]


def _order(model: type[OrderData], event: trade.OrderEvent, *more: str) -> Told:
    source = event.source
    data = model(
        order_id=event.order_id,
        number=event.number,
        shop_id=event.shop_id,
        total_fen=event.total_fen,
        lines=[LineData(**{n: getattr(line, n) for n in LineData.model_fields}) for line in event.lines],
        source_kind=source.kind if source else None,
        source_id=source.id if source else None,
        at=event.at,
        **{name: getattr(event, name) for name in more},
    )
    return Told(event.shop_id, data)


async def _case(_db: Db, event: trade.AftersalesEvent) -> Sequence[Told]:
    return [Told(event.shop_id, CaseData(**{name: getattr(event, name) for name in CaseData.model_fields}))]


async def _product(_db: Db, event: ProductChanged) -> Sequence[Told]:
    data = ProductData(product_id=event.product_id, shop_id=event.shop_id, on_sale=event.approved)
    return [Told(event.shop_id, data)]


async def _stock(db: Db, event: StockChanged) -> Sequence[Told]:
    """The event does not say whose it is; the product does."""
    cards = await goods.product_cards(db, [event.product_id])
    card = next(iter(cards.values()), None)
    if card is None:
        return []
    return [Told(card.shop_id, StockData(shop_id=card.shop_id, **{n: getattr(event, n) for n in _STOCK}))]


_PARCEL = ("parcel_id", "carrier", "tracking_number")
_STOCK = ("sku_id", "product_id", "available")


async def _went_live(_db: Db, event: BroadcastWentLive) -> Sequence[Told]:
    return [Told(None, BroadcastData(broadcast_id=event.broadcast_id, room_id=event.room_id, at=event.at))]


async def _ended(_db: Db, event: BroadcastEnded) -> Sequence[Told]:
    return [Told(None, EndedData(broadcast_id=event.broadcast_id, room_id=event.room_id, at=event.at, why=event.why))]


_ALL = (
    Published("order.placed", trade.OrdersPlaced, OrderData, _placed),
    Published(
        "order.reserved", presales.OrderReserved, ReservedData, _of_order(ReservedData, "deposit_fen", "balance_from")
    ),
    Published(
        "order.balance_due",
        presales.OrderBalanceDue,
        BalanceDueData,
        _of_order(BalanceDueData, "balance_fen", "pay_before"),
    ),
    Published("order.paid", trade.OrderPaid, OrderData, _of_order(OrderData)),
    Published("order.reminded", trade.OrderReminded, OrderData, _of_order(OrderData)),
    Published("order.shipped", trade.OrderShipped, ShippedData, _of_order(ShippedData, "carrier", "tracking_number")),
    Published("order.received", trade.OrderReceived, OrderData, _of_order(OrderData)),
    Published("order.cancelled", trade.OrderCancelled, OrderData, _of_order(OrderData)),
    Published("order.expired", trade.OrderExpired, OrderData, _of_order(OrderData)),
    Published("order.refunded", trade.OrderRefunded, RefundedData, _of_order(RefundedData, "refund_fen")),
    Published(
        "settlement.settled",
        trade.OrderSettled,
        SettledData,
        _of_order(SettledData, *(name for name in SettledData.model_fields if name not in OrderData.model_fields)),
    ),
    Published("parcel.shipped", trade.ParcelShipped, ParcelData, _of_order(ParcelData, *_PARCEL)),
    Published("parcel.delivered", trade.ParcelDelivered, ParcelData, _of_order(ParcelData, *_PARCEL)),
    Published("aftersales.opened", trade.AftersalesOpened, CaseData, _case),
    Published("aftersales.moved", trade.AftersalesMoved, CaseData, _case),
    Published("aftersales.closed", trade.AftersalesClosed, CaseData, _case),
    Published("product.changed", ProductChanged, ProductData, _product),
    Published("stock.changed", StockChanged, StockData, _stock),
    Published("broadcast.live", BroadcastWentLive, BroadcastData, _went_live),
    Published("broadcast.ended", BroadcastEnded, EndedData, _ended),
)
PUBLISHED: dict[str, Published] = {one.name: one for one in _ALL}
FOR_SHOPS = tuple(name for name in PUBLISHED if not name.startswith("broadcast."))


class Envelope(Wire):
    """`timestamp` is when the message was written, `webhook-timestamp` when it was sent."""

    type: str
    version: int
    timestamp: Instant
    data: dict[str, Any]


def envelope(type_: str, data: Wire) -> str:
    """The body of a message."""
    whole = Envelope(type=type_, version=VERSION, timestamp=clock.now(), data=data.model_dump(mode="json"))
    return whole.model_dump_json()
