"""Reads of points for their owner and for operators."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func, select

from kaibo.kernel.db import Db
from kaibo.trade.orders.tables import orders
from kaibo.trade.points.model import Happening
from kaibo.trade.points.tables import point_entries, point_lots


async def happenings(db: Db, buyer_id: UUID, *, before: UUID | None, limit: int) -> list[Happening]:
    """What moved the buyer's points, newest first; what lots settle among themselves is left out."""
    e, o = point_entries.c, orders.c
    query = (
        select(e.event_id, e.kind, e.order_id, e.at, func.sum(e.points).label("points"))
        .where(e.buyer_id == buyer_id, e.kind != "offset")
        .group_by(e.event_id, e.kind, e.order_id, e.at)
        .order_by(e.event_id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(e.event_id < before)
    rows = (await db.execute(query)).all()
    ids = [row.order_id for row in rows if row.order_id is not None]
    numbers = await db.execute(select(o.id, o.number).where(o.id.in_(ids), o.buyer_id == buyer_id)) if ids else ()
    number_of = {row.id: row.number for row in numbers}
    return [
        Happening(row.event_id, row.kind, int(row.points), row.order_id, number_of.get(row.order_id), row.at)
        for row in rows
    ]


async def moved_since(db: Db, since: datetime) -> dict[str, int]:
    """By kind, the points that moved since then."""
    e = point_entries.c
    query = select(e.kind, func.sum(e.points).label("points")).where(e.at >= since).group_by(e.kind)
    return {row.kind: int(row.points) for row in await db.execute(query)}


async def outstanding(db: Db) -> tuple[int, int]:
    """(points that buyers have, points that they owe)."""
    left = point_lots.c.left_points
    has, owes = func.sum(case((left > 0, left), else_=0)), func.sum(case((left < 0, -left), else_=0))
    row = (await db.execute(select(has, owes).where(left != 0))).one()
    return int(row[0] or 0), int(row[1] or 0)
