"""A shop's orders as rows, one a line of an order."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select

from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.sheets.cells import Cell, yuan
from kaibo.trade.contracts import WhichOrders
from kaibo.trade.http.present import TO_DELIVER
from kaibo.trade.orders.lookup import orders_by
from kaibo.trade.orders.model import Order, OrderLine
from kaibo.trade.orders.tables import order_lines, orders
from kaibo.trade.shipping import carriers
from kaibo.trade.shipping.lookup import parcels_of
from kaibo.trade.shipping.model import Parcel

COLUMNS = (
    "number", "state", "created_at", "paid_at", "shipped_at", "received_at", "title", "sku_name", "quantity",
    "unit_price", "line", "discount", "platform_discount", "paid", "freight", "refunded", "order_total", "name", "phone",
    "province", "city", "district", "detail", "note", "carrier", "tracking_number", "source",
)  # fmt: skip


@dataclass(frozen=True)
class OrderRows:
    rows: list[list[Cell]]
    after: UUID | None


def order_header(locale: Locale) -> list[str]:
    return [say(f"trade.column.{column}", locale, {}) for column in COLUMNS]


async def count_order_rows(db: Db, which: WhichOrders) -> int:
    joined = select(func.count()).select_from(order_lines.join(orders, orders.c.id == order_lines.c.order_id))
    return int(await db.scalar(joined.where(and_(*_conditions(which)))) or 0)


async def order_rows(db: Db, which: WhichOrders, locale: Locale, after: UUID | None, limit: int) -> OrderRows:
    """The lines of the next `limit` orders, oldest first."""
    o, wanted = orders, _conditions(which)
    if after is not None:
        wanted.append(o.c.id > after)
    found = await orders_by(db, select(o).where(and_(*wanted)).order_by(o.c.id).limit(limit))
    parcels = await parcels_of(db, [order.id for order in found])
    cells = [_row(order, line, parcels.get(order.id, []), locale) for order in found for line in order.lines]
    return OrderRows(cells, found[-1].id if len(found) == limit else None)


def _conditions(which: WhichOrders) -> list[ColumnElement[bool]]:
    o = orders
    found: list[ColumnElement[bool]] = [o.c.shop_id == which.shop_id]
    if which.since is not None:
        found.append(o.c.created_at >= which.since)
    if which.until is not None:
        found.append(o.c.created_at < which.until)
    if which.states:
        found.append(o.c.state.in_([state.value for state in which.states]))
    return found


def _row(order: Order, line: OrderLine, parcels: list[Parcel], locale: Locale) -> list[Cell]:
    """A phone is whole only as long as there is something to deliver, as on the screen."""
    mine = [p for p in parcels if any(piece.line_id == line.id for piece in p.lines)] or parcels
    address = order.address
    return [
        order.number,
        say(f"trade.state.{order.state.value}", locale, {}),
        order.created_at,
        order.paid_at,
        order.first_shipped_at or order.shipped_at,
        order.received_at,
        line.title,
        line.sku_name,
        line.quantity,
        yuan(line.unit_price_fen),
        yuan(line.line_fen),
        yuan(line.discount_fen),
        yuan(line.platform_discount_fen),
        yuan(line.paid_fen),
        yuan(line.freight_paid_fen),
        yuan(line.refunded_fen),
        yuan(order.total_fen),
        address.name,
        address.phone if order.state in TO_DELIVER else address.phone_masked,
        address.province,
        address.city,
        address.district,
        address.detail,
        order.note,
        " ".join(carriers.name(p.carrier, locale) for p in mine) or None,
        " ".join(p.tracking_number for p in mine) or None,
        order.source_title,
    ]
