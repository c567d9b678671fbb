"""What after-sales asks about goods: their nature, what was promised about them, and how their price went since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from kaibo.goods.catalog.tables import price_entries, products
from kaibo.goods.contracts import ProductId, ReturnFacts, SkuId
from kaibo.kernel.db import Db


async def return_facts(db: Db, product_ids: Iterable[UUID]) -> dict[ProductId, ReturnFacts]:
    """Of the products that exist among `product_ids`."""
    rows = await db.execute(
        select(products.c.id, products.c.category_key, products.c.attributes, products.c.service_tags).where(
            products.c.id.in_(set(product_ids))
        )
    )
    return {
        ProductId(row.id): ReturnFacts(
            category_key=row.category_key,
            attributes=tuple((str(one["name"]), str(one["value"])) for one in row.attributes),
            service_tags=tuple(row.service_tags),
        )
        for row in rows
    }


async def lowest_prices(db: Db, sku_ids: Iterable[UUID], *, since: datetime) -> dict[SkuId, int]:
    """The lowest list price of each SKU set after `since`; SKUs whose price nobody touched are left out."""
    p = price_entries
    query = select(p.c.sku_id, func.min(p.c.price_fen)).where(p.c.sku_id.in_(set(sku_ids)), p.c.at > since)
    return {SkuId(sku_id): int(fen) for sku_id, fen in await db.execute(query.group_by(p.c.sku_id))}
