"""Reading orders. Lists are read in three statements however long they are: orders, their lines, their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.kernel.db import Db, among
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import LineId, OrderId, OrderMissing, OrderState, Source
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import DeliveryAddress, Flag, HistoryLine, Order, OrderLine
from kaibo.trade.orders.tables import order_history, order_lines, order_notes, orders

_OPEN = [state.value for state in OrderState if state not in rules.FINAL]


async def lock_order(db: Db, order_id: UUID) -> Order:
    """The order, its row locked until the transaction ends: every action on an order begins here. Raises OrderMissing."""
    row = (await db.execute(select(orders).where(orders.c.id == order_id).with_for_update())).one_or_none()
    if row is None:
        raise OrderMissing(order_id=str(order_id))
    return (await _with_lines(db, [row]))[0]


async def lock_if_free(db: Db, order_id: UUID) -> Order | None:
    """Like lock_order, but None where somebody else is at it: a timer comes back instead of waiting with other rows locked."""
    query = select(orders).where(orders.c.id == order_id).with_for_update(skip_locked=True)
    row = (await db.execute(query)).one_or_none()
    return None if row is None else (await _with_lines(db, [row]))[0]


async def lock_free(db: Db, order_ids: Sequence[UUID]) -> list[Order]:
    """Those of these orders that nobody else is at, locked, in the order of their ids."""
    o = orders
    query = select(o).where(o.c.id.in_(order_ids)).order_by(o.c.id).with_for_update(skip_locked=True)
    return await _with_lines(db, (await db.execute(query)).all()) if order_ids else []


async def find_order(db: Db, order_id: UUID) -> Order:
    """Raises OrderMissing."""
    row = (await db.execute(select(orders).where(orders.c.id == order_id))).one_or_none()
    if row is None:
        raise OrderMissing(order_id=str(order_id))
    return (await _with_lines(db, [row]))[0]


async def lock_checkout(db: Db, checkout_id: UUID) -> list[Order]:
    """All orders of a checkout, their rows locked until the transaction ends, in the order of their ids. Raises OrderMissing."""
    query = select(orders).where(orders.c.checkout_id == checkout_id).order_by(orders.c.id).with_for_update()
    return await _with_lines(db, _some((await db.execute(query)).all(), checkout_id))


async def lock_checkout_if_free(db: Db, checkout_id: UUID) -> list[Order] | None:
    """Like lock_checkout, but None where somebody else is at one of its orders: a sweep comes back instead of waiting."""
    query = select(orders).where(orders.c.checkout_id == checkout_id).order_by(orders.c.id)
    rows = (await db.execute(query.with_for_update(skip_locked=True))).all()
    there = await db.scalar(select(func.count()).select_from(orders).where(orders.c.checkout_id == checkout_id))
    return None if len(rows) < int(there or 0) else await _with_lines(db, _some(rows, checkout_id))


async def checkout_orders(db: Db, checkout_id: UUID) -> list[Order]:
    """All orders of a checkout, in the order of their ids. Raises OrderMissing."""
    query = select(orders).where(orders.c.checkout_id == checkout_id).order_by(orders.c.id)
    return await _with_lines(db, _some((await db.execute(query)).all(), checkout_id))


async def placed_before(db: Db, keys: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], tuple[UUID, bytes]]:
    """What was placed under these (buyer, idempotency key): the checkout's id and the digest of what was asked for."""
    o = orders
    rows = await db.execute(
        select(o.c.buyer_id, o.c.idempotency_key, o.c.checkout_id, o.c.request_digest).where(
            tuple_(o.c.buyer_id, o.c.idempotency_key).in_(keys)
        )
    )
    return {(buyer_id, key): (checkout_id, digest) for buyer_id, key, checkout_id, digest in rows}


def _some(rows: Sequence[Any], checkout_id: UUID) -> Sequence[Any]:
    if not rows:
        raise OrderMissing(order_id=str(checkout_id))
    return rows


async def find_orders(db: Db, order_ids: Iterable[UUID]) -> dict[UUID, Order]:
    """Those of these orders that exist, in two statements."""
    rows = (await db.execute(select(orders).where(among(orders.c.id, order_ids)))).all()
    return {order.id: order for order in await _with_lines(db, rows)}


def require_buyer(order: Order, person_id: UUID) -> Order:
    """Somebody else's order does not exist for this person. Raises OrderMissing."""
    if order.buyer_id != person_id:
        raise OrderMissing(order_id=str(order.id))
    return order


def require_shop(order: Order, shop_id: UUID) -> Order:
    """A shop sees its own orders only. Raises OrderMissing."""
    if order.shop_id != shop_id:
        raise OrderMissing(order_id=str(order.id))
    return order


@dataclass(frozen=True)
class Which:
    """A filter of orders. `q` matches the beginning of an order number; within one buyer's or one shop's orders also a part of
    a title, within one shop's also a part of its notes. `tracked` are orders that match `q` by a parcel's number. `partly`
    keeps those of which some parcels are on their way; without `hidden` what a buyer has cleared away is left out.
    """

    buyer_id: UUID | None = None
    shop_id: UUID | None = None
    creator_id: UUID | None = None
    states: tuple[OrderState, ...] = ()
    q: str = ""
    tracked: tuple[UUID, ...] = ()
    flag: Flag | None = None
    partly: bool = False
    hidden: bool = True


async def list_orders(db: Db, which: Which, *, before: UUID | None, limit: int) -> list[Order]:
    """Newest first; `before` is the id of the last order of the page before."""
    o = orders
    conditions = _conditions(which)
    if before is not None:
        conditions.append(o.c.id < before)
    rows = (await db.execute(select(o).where(and_(True, *conditions)).order_by(o.c.id.desc()).limit(limit))).all()
    return await _with_lines(db, rows)


async def orders_by(db: Db, query: Select[Any]) -> list[Order]:
    """The orders that `query` (of rows of `orders`) finds, in its order, each with its lines."""
    return await _with_lines(db, (await db.execute(query)).all())


def _conditions(which: Which) -> list[ColumnElement[bool]]:
    o = orders
    found: list[ColumnElement[bool]] = []
    if which.buyer_id is not None:
        found.append(o.c.buyer_id == which.buyer_id)
    if which.shop_id is not None:
        found.append(o.c.shop_id == which.shop_id)
    if which.creator_id is not None:
        found.append(o.c.creator_id == which.creator_id)
    if which.states:
        found.append(o.c.state.in_([state.value for state in which.states]))
    if which.flag is not None:
        found.append(o.c.flag == which.flag)
    if which.partly:
        found.append((o.c.state == OrderState.PAID.value) & o.c.first_shipped_at.is_not(None))
    if not which.hidden:
        found.append(o.c.hidden_at.is_(None))
    if q := which.q.strip():
        hits = [o.c.number.startswith(q, autoescape=True), o.c.id.in_(which.tracked)]
        if which.buyer_id or which.shop_id:  # titles have no index: only within one buyer's or one shop's orders
            lines = order_lines
            hits.append(exists().where(lines.c.order_id == o.c.id, lines.c.title.icontains(q, autoescape=True)))
        if which.shop_id:
            n = order_notes
            hits.append(exists().where(n.c.order_id == o.c.id, n.c.text.icontains(q, autoescape=True)))
        found.append(or_(*hits))
    return found


async def history_of(db: Db, order_ids: Iterable[UUID]) -> dict[OrderId, list[HistoryLine]]:
    h = order_history
    rows = await db.execute(select(h).where(h.c.order_id.in_(list(order_ids))).order_by(h.c.order_id, h.c.id))
    found: dict[OrderId, list[HistoryLine]] = defaultdict(list)
    for row in rows:
        order_id = OrderId(row.order_id)
        found[order_id].append(HistoryLine(order_id, row.at, OrderState(row.state), row.actor, row.why, row.said))
    return found


async def counts(db: Db, *, buyer_id: UUID | None = None, shop_id: UUID | None = None) -> dict[OrderState, int]:
    """How many orders stand in each state."""
    o = orders
    where = _conditions(Which(buyer_id=buyer_id, shop_id=shop_id))
    rows = await db.execute(select(o.c.state, func.count()).where(and_(True, *where)).group_by(o.c.state))
    found = {OrderState(state): int(number) for state, number in rows}
    return {state: found.get(state, 0) for state in OrderState}


async def count_late(db: Db, shop_id: UUID, now: datetime) -> int:
    """Paid orders of a shop that should have been shipped before `now`."""
    o = orders
    late = (o.c.shop_id == shop_id) & (o.c.state == OrderState.PAID.value) & (o.c.ship_before < now)
    return int(await db.scalar(select(func.count()).select_from(o).where(late)) or 0)


async def unsettled_of_shop(db: Db, shop_id: UUID) -> tuple[int, int]:
    """(orders of a shop whose money is not finally settled, undecided after-sales cases of all its orders)."""
    o = orders
    unsettled = func.count().filter(o.c.state.in_(_OPEN))
    query = select(unsettled, func.coalesce(func.sum(o.c.open_cases), 0)).where(
        o.c.shop_id == shop_id, or_(o.c.state.in_(_OPEN), o.c.open_cases > 0)
    )
    found, cases = (await db.execute(query)).one()
    return int(found), int(cases)


async def open_order_count(db: Db, person_id: UUID) -> int:
    """Orders of this buyer, or earning for this creator, whose money is not finally settled."""
    o = orders
    theirs = or_(o.c.buyer_id == person_id, o.c.creator_id == person_id)
    where = theirs & o.c.state.in_(_OPEN)
    return int(await db.scalar(select(func.count()).select_from(o).where(where)) or 0)


async def _with_lines(db: Db, rows: Sequence[Any]) -> list[Order]:
    if not rows:
        return []
    found: dict[UUID, list[OrderLine]] = defaultdict(list)
    ids = [row.id for row in rows]
    lines = order_lines
    query = select(lines).where(among(lines.c.order_id, ids)).order_by(lines.c.order_id, lines.c.position)
    for row in await db.execute(query):
        found[row.order_id].append(_line(row))
    return [_order(row, tuple(found[row.id])) for row in rows]


def _line(row: Any) -> OrderLine:
    return OrderLine(
        id=LineId(row.id),
        sku_id=SkuId(row.sku_id),
        product_id=ProductId(row.product_id),
        title=row.title,
        sku_name=row.sku_name,
        picture_url=row.picture_url,
        unit_price_fen=row.unit_price_fen,
        quantity=row.quantity,
        line_fen=row.line_fen,
        discount_fen=row.discount_fen,
        platform_discount_fen=row.platform_discount_fen,
        paid_fen=row.paid_fen,
        freight_fen=row.freight_fen,
        freight_paid_fen=row.freight_paid_fen,
        commission_bps=row.commission_bps,
        platform_fee_bps=row.platform_fee_bps,
        refunded_fen=row.refunded_fen,
        refunded_quantity=row.refunded_quantity,
        refunded_unshipped_quantity=row.refunded_unshipped_quantity,
        seven_day_exclusion=row.seven_day_exclusion,
        plan_id=row.plan_id,
    )


_PLAIN = [
    "checkout_id",
    "idempotency_key",
    "currency",
    "number",
    "buyer_nickname",
    "shop_name",
    "goods_fen",
    "discount_fen",
    "platform_discount_fen",
    "freight_fen",
    "total_fen",
    "deposit_fen",
    "balance_from",
    "refunded_fen",
    "explanation",
    "agency_id",
    "agency_bps",
    "leader_id",
    "leader_bps",
    "open_cases",
    "commission_fen",
    "platform_fee_fen",
    "source_title",
    "note",
    "created_at",
    "pay_before",
    "closing",
    "closing_why",
    "paid_at",
    "ship_before",
    "first_shipped_at",
    "shipped_at",
    "receive_before",
    "extended_seconds",
    "received_at",
    "after_sales_until",
    "settled_at",
    "hidden_at",
    "reminded_at",
    "flag",
]


_plain = attrgetter(*_PLAIN)


def _order(row: Any, lines: tuple[OrderLine, ...]) -> Order:
    return Order(
        id=OrderId(row.id),
        buyer_id=PersonId(row.buyer_id),
        shop_id=ShopId(row.shop_id),
        creator_id=PersonId(row.creator_id) if row.creator_id else None,
        state=OrderState(row.state),
        lines=lines,
        address=DeliveryAddress(**row.address),
        source=Source(row.source_kind, row.source_id, row.source_item) if row.source_kind else None,
        **dict(zip(_PLAIN, _plain(row), strict=True)),
    )
