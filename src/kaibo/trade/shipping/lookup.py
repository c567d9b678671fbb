"""Reading parcels. A list of orders reads its parcels in two statements, however long it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from kaibo.kernel.db import Db
from kaibo.people.contracts import ShopId
from kaibo.trade.contracts import LineId, OrderId
from kaibo.trade.orders.tables import orders
from kaibo.trade.shipping import rules
from kaibo.trade.shipping.errors import ParcelMissing
from kaibo.trade.shipping.model import Correction, Parcel, ParcelId, ParcelLine, ParcelState, TraceStep
from kaibo.trade.shipping.tables import parcel_corrections, parcel_lines, parcel_steps, parcels

_PLAIN = (
    "position",
    "carrier",
    "tracking_number",
    "shipped_at",
    "last_at",
    "last_text",
    "delivered_at",
    "subscribed_at",
    "heard_at",
    "track_error",
)
_FINAL = [state.value for state in rules.FINAL]


async def parcels_of(db: Db, order_ids: Iterable[UUID]) -> dict[OrderId, list[Parcel]]:
    """The parcels of these orders, each order's in the order in which they were shipped."""
    p = parcels
    query = select(p).where(p.c.order_id.in_(list(order_ids))).order_by(p.c.order_id, p.c.position)
    found: dict[OrderId, list[Parcel]] = defaultdict(list)
    for parcel in await _with_lines(db, (await db.execute(query)).all()):
        found[parcel.order_id].append(parcel)
    return found


async def parcels_of_order(db: Db, order_id: UUID) -> list[Parcel]:
    return (await parcels_of(db, [order_id])).get(OrderId(order_id), [])


async def parcel_by_id(db: Db, parcel_id: UUID) -> Parcel | None:
    rows = (await db.execute(select(parcels).where(parcels.c.id == parcel_id))).all()
    return (await _with_lines(db, rows))[0] if rows else None


async def parcel_of_order(db: Db, order_id: UUID, parcel_id: UUID) -> Parcel:
    """Raises ParcelMissing, also for another order's parcel."""
    found = await parcel_by_id(db, parcel_id)
    if found is None or found.order_id != order_id:
        raise ParcelMissing(parcel_id=str(parcel_id))
    return found


async def orders_with_number(db: Db, number: str) -> list[UUID]:
    """The orders that have a parcel of this tracking number; some shops send several orders in one."""
    wanted = "".join(number.split()).upper()
    if not wanted:
        return []
    query = select(parcels.c.order_id).where(parcels.c.tracking_number == wanted).distinct().limit(100)
    return list((await db.scalars(query)).all())


async def steps_of(db: Db, found: Iterable[Parcel]) -> dict[ParcelId, list[TraceStep]]:
    """The trace of each parcel under its present number, newest first."""
    numbers = {parcel.id: parcel.tracking_number for parcel in found}
    s = parcel_steps
    query = select(s).where(s.c.parcel_id.in_(list(numbers))).order_by(s.c.parcel_id, s.c.at.desc(), s.c.ordinal.desc())
    steps: dict[ParcelId, list[TraceStep]] = defaultdict(list)
    for row in await db.execute(query):
        if row.tracking_number == numbers[ParcelId(row.parcel_id)]:
            step = TraceStep(row.at, row.ordinal, ParcelState(row.state), row.code, row.text, row.place)
            steps[ParcelId(row.parcel_id)].append(step)
    return steps


async def corrections_of(db: Db, parcel_ids: Iterable[UUID]) -> dict[ParcelId, list[Correction]]:
    """Oldest first."""
    c = parcel_corrections
    query = select(c).where(c.c.parcel_id.in_(list(parcel_ids))).order_by(c.c.parcel_id, c.c.id)
    found: dict[ParcelId, list[Correction]] = defaultdict(list)
    for row in await db.execute(query):
        kept = Correction(row.at, row.was_carrier, row.was_tracking_number, row.carrier, row.tracking_number)
        found[ParcelId(row.parcel_id)].append(kept)
    return found


@dataclass(frozen=True)
class WhichParcels:
    """A shop's parcels. `quiet_since` keeps those under way whose trace has not moved since; `q` is a tracking number or the
    beginning of an order number."""

    shop_id: UUID
    states: tuple[ParcelState, ...] = ()
    quiet_since: datetime | None = None
    q: str = ""


@dataclass(frozen=True)
class ShopParcel:
    parcel: Parcel
    order_number: str
    to_name: str
    to_city: str


async def list_parcels(db: Db, which: WhichParcels, *, before: UUID | None, limit: int) -> list[ShopParcel]:
    """Newest first."""
    p, o = parcels, orders
    where = _conditions(which)
    if before is not None:
        where.append(p.c.id < before)
    query = select(p, o.c.number, o.c.address).join(o, o.c.id == p.c.order_id).where(and_(*where))
    rows = (await db.execute(query.order_by(p.c.id.desc()).limit(limit))).all()
    found = await _with_lines(db, rows)
    return [
        ShopParcel(parcel, row.number, row.address["name"], row.address["city"])
        for parcel, row in zip(found, rows, strict=True)
    ]


@dataclass(frozen=True)
class ParcelCounts:
    travelling: int
    exception: int
    quiet: dict[int, int]


async def count_parcels(db: Db, shop_id: UUID, now: datetime) -> ParcelCounts:
    """How many of a shop's parcels are under way, in trouble, and without movement for QUIET_HOURS."""
    moved = func.coalesce(parcels.c.last_at, parcels.c.shipped_at)
    counted = [func.count().filter(moved < now - timedelta(hours=hours)) for hours in rules.QUIET_HOURS]
    exception = func.count().filter(parcels.c.state == ParcelState.EXCEPTION.value)
    under_way = (parcels.c.shop_id == shop_id) & parcels.c.state.not_in(_FINAL)
    row = (await db.execute(select(func.count(), exception, *counted).select_from(parcels).where(under_way))).one()
    return ParcelCounts(row[0], row[1], dict(zip(rules.QUIET_HOURS, row[2:], strict=True)))


def _conditions(which: WhichParcels) -> list[ColumnElement[bool]]:
    p = parcels
    where: list[ColumnElement[bool]] = [p.c.shop_id == which.shop_id]
    if which.states:
        where.append(p.c.state.in_([state.value for state in which.states]))
    if which.quiet_since is not None:
        where.append(p.c.state.not_in(_FINAL))
        where.append(func.coalesce(p.c.last_at, p.c.shipped_at) < which.quiet_since)
    if q := "".join(which.q.split()):
        where.append(or_(p.c.tracking_number == q.upper(), orders.c.number.startswith(q, autoescape=True)))
    return where


async def _with_lines(db: Db, rows: Sequence[Any]) -> list[Parcel]:
    if not rows:
        return []
    lines = parcel_lines
    query = select(lines).where(lines.c.parcel_id.in_([row.id for row in rows])).order_by(lines.c.line_id)
    found: dict[UUID, list[ParcelLine]] = defaultdict(list)
    for row in await db.execute(query):
        found[row.parcel_id].append(ParcelLine(LineId(row.line_id), row.quantity))
    return [
        Parcel(
            id=ParcelId(row.id),
            order_id=OrderId(row.order_id),
            shop_id=ShopId(row.shop_id),
            state=ParcelState(row.state),
            lines=tuple(found[row.id]),
            **{name: getattr(row, name) for name in _PLAIN},
        )
        for row in rows
    ]
