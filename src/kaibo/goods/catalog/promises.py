"""What after-sales asks about goods: how their price went since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, union_all

from kaibo.goods.catalog.tables import price_entries
from kaibo.goods.contracts import SkuId
from kaibo.goods.windows.tables import price_windows
from kaibo.kernel.db import Db


async def lowest_prices(db: Db, sku_ids: Iterable[UUID], *, since: datetime) -> dict[SkuId, int]:
    """The lowest price at which each SKU began to be sold to everybody after `since`: its own, or a window's on the shelf. SKUs
    whose price nobody touched are left out.
    """
    p, w, ids = price_entries.c, price_windows.c, set(sku_ids)
    listed = select(p.sku_id, p.price_fen).where(p.sku_id.in_(ids), p.at > since)
    opened = select(w.sku_id, w.price_fen).where(w.sku_id.in_(ids), w.room_id.is_(None), w.opened_at > since)
    both = union_all(listed, opened).subquery()
    query = select(both.c.sku_id, func.min(both.c.price_fen)).group_by(both.c.sku_id)
    return {SkuId(sku_id): int(fen) for sku_id, fen in await db.execute(query)}
