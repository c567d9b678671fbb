"""What after-sales asks about goods: how their price went since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from kaibo.goods.catalog.tables import price_entries
from kaibo.goods.contracts import SkuId
from kaibo.kernel.db import Db


async def lowest_prices(db: Db, sku_ids: Iterable[UUID], *, since: datetime) -> dict[SkuId, int]:
    """The lowest list price of each SKU set after `since`; SKUs whose price nobody touched are left out."""
    p = price_entries
    query = select(p.c.sku_id, func.min(p.c.price_fen)).where(p.c.sku_id.in_(set(sku_ids)), p.c.at > since)
    return {SkuId(sku_id): int(fen) for sku_id, fen in await db.execute(query.group_by(p.c.sku_id))}
