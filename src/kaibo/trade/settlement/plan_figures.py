"""What an affiliate plan has sold, day by day and creator by creator: the merchant's view of its own orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kaibo.kernel.db import Db
from kaibo.trade.bills.days import bounds, today

CREATORS_MAX = 50

# A settled line's commission is what its settlement gave less what refunds took back; before that it is what the frozen rate
# comes to on what is left of the payment.
_LINES = """
    SELECT o.id AS order_id, o.creator_id, CAST(o.paid_at AT TIME ZONE 'Asia/Shanghai' AS date) AS day, l.paid_fen,
           l.refunded_fen, CASE WHEN o.creator_id IS NULL THEN 0 ELSE coalesce(
               s.creator_fen + s.agency_fen - coalesce(b.fen, 0),
               (l.paid_fen - least(l.paid_fen, l.refunded_fen)) * l.commission_bps / 10000) END AS commission_fen
    FROM trade.order_lines l JOIN trade.orders o ON o.id = l.order_id
    LEFT JOIN trade.settlement_lines s ON s.line_id = l.id
    LEFT JOIN LATERAL (SELECT sum(t.creator_fen + t.agency_fen) AS fen FROM trade.settlement_take_backs t
                       WHERE t.line_id = l.id) b ON true
    WHERE l.plan_id = :plan AND o.shop_id = :shop AND o.paid_at >= :since
"""
_SUMS = """
    count(DISTINCT order_id) AS orders, sum(paid_fen)::bigint AS paid_fen, sum(refunded_fen)::bigint AS refunded_fen,
    sum(commission_fen)::bigint AS commission_fen
"""


@dataclass(frozen=True)
class Sold:
    """Of orders that were paid: what was paid for the goods, what of it (and of freight) went back, the commission on the rest."""

    orders: int = 0
    paid_fen: int = 0
    refunded_fen: int = 0
    commission_fen: int = 0


@dataclass(frozen=True)
class PlanFigures:
    """`days` are oldest first, without a gap; `creators` those who sold most first."""

    days: tuple[tuple[date, Sold], ...]
    creators: tuple[tuple[UUID, Sold], ...]
    total: Sold


async def plan_figures(db: Db, shop_id: UUID, plan_id: UUID, days: int) -> PlanFigures:
    """Of the last `days` days in Beijing, today included. Another shop's plan has sold nothing here."""
    first = today() - timedelta(days=days - 1)
    values = {"plan": plan_id, "shop": shop_id, "since": bounds(first)[0]}

    async def sums(columns: str, rest: str) -> list[Any]:
        query = f"SELECT {columns} {_SUMS} FROM ({_LINES}) l {rest}"  # noqa: S608 (our own text)
        return list(await db.execute(text(query), values))

    by_day = {row.day: _sold(row) for row in await sums("day,", "GROUP BY day")}
    rest = f"WHERE creator_id IS NOT NULL GROUP BY creator_id ORDER BY paid_fen DESC, creator_id LIMIT {CREATORS_MAX}"
    creators = tuple((row.creator_id, _sold(row)) for row in await sums("creator_id,", rest))
    (total,) = await sums("", "")
    every = (first + timedelta(days=place) for place in range(days))
    return PlanFigures(tuple((day, by_day.get(day, Sold())) for day in every), creators, _sold(total))


def _sold(row: Any) -> Sold:
    return Sold(row.orders, int(row.paid_fen or 0), int(row.refunded_fen or 0), int(row.commission_fen or 0))
