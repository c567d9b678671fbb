"""What SKUs were really sold for: the basis of every struck price. Every sale left a line in the record of stock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Subquery, and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from kaibo.goods.contracts import SkuId
from kaibo.goods.inventory.tables import stock_entries
from kaibo.goods.windows.rules import LOOK_BACK, Trades
from kaibo.kernel.db import Db


async def trades_before(db: Db, sku_ids: Iterable[UUID], at: datetime) -> dict[SkuId, Trades]:
    """The trades of each SKU before `at`, wherever they were made: the shelf and all rooms are the shop's one place of business."""
    ids = set(sku_ids)
    recent = await _of_seven_days(db, ids, at)
    quiet = [sku_id for sku_id in ids if not recent.get(SkuId(sku_id), Trades()).stands]
    last = await _last(db, quiet, at) if quiet else {}
    return {
        SkuId(one): Trades(known.lowest_fen, known.stands, last.get(one))
        for one in ids
        for known in [recent.get(SkuId(one), Trades())]
    }


async def _of_seven_days(db: Db, ids: set[UUID], at: datetime) -> dict[SkuId, Trades]:
    s, back = stock_entries.c, _came_back(ids)
    sales = and_(s.sku_id.in_(ids), s.kind == "sold", s.unit_fen.is_not(None), s.at >= at - LOOK_BACK, s.at < at)
    stands = func.bool_or(func.coalesce(back.c.pieces, 0) < -s.delta)
    query = (
        select(s.sku_id, func.min(s.unit_fen), stands)
        .outerjoin(back, and_(back.c.sku_id == s.sku_id, back.c.order_id == s.order_id))
        .where(sales)
        .group_by(s.sku_id)
    )
    return {SkuId(sku_id): Trades(lowest, standing) for sku_id, lowest, standing in await db.execute(query)}


async def _last(db: Db, ids: list[UUID], at: datetime) -> dict[UUID, int]:
    s, back = stock_entries.c, _came_back(set(ids))
    sales = and_(s.sku_id.in_(ids), s.kind == "sold", s.unit_fen.is_not(None), s.at < at)
    query = (
        select(s.sku_id, s.unit_fen)
        .outerjoin(back, and_(back.c.sku_id == s.sku_id, back.c.order_id == s.order_id))
        .where(sales, func.coalesce(back.c.pieces, 0) < -s.delta)
        .order_by(s.sku_id, s.at.desc())
        .ext(distinct_on(s.sku_id))
    )
    return {row.sku_id: row.unit_fen for row in await db.execute(query)}


def _came_back(ids: set[UUID]) -> Subquery:
    r = stock_entries.alias("came_back").c
    query = select(r.sku_id, r.order_id, func.sum(r.delta).label("pieces"))
    return query.where(r.sku_id.in_(ids), r.kind == "returned").group_by(r.sku_id, r.order_id).subquery()
