"""Change how many pieces there are; every change leaves an entry."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update

from kaibo.goods.catalog.rules import STOCK_MAX
from kaibo.goods.catalog.tables import skus
from kaibo.goods.contracts import SkuMissing, StockChanged, StockTooHigh, StockTooLow
from kaibo.goods.inventory.tables import stock, stock_entries
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish


@dataclass(frozen=True)
class Level:
    """Pieces in the warehouse, how many of them unpaid orders hold, and what can still be bought."""

    stock: int
    held: int

    @property
    def available(self) -> int:
        return self.stock - self.held


async def adjust_stock(
    db: Db, shop_id: UUID, sku_id: UUID, delta: int, *, reason: str, actor_id: UUID, kind: str = "adjusted"
) -> Level:
    """Add `delta` pieces (negative: take away). Raises SkuMissing (also a foreign one), StockTooLow, StockTooHigh."""
    here = (skus.c.id == sku_id) & (skus.c.shop_id == shop_id) & skus.c.removed_at.is_(None)
    product_id: UUID | None = await db.scalar(select(skus.c.product_id).where(here))
    if product_id is None:
        raise SkuMissing(id=str(sku_id))
    row = (
        await db.execute(
            update(stock)
            .where(
                stock.c.sku_id == sku_id,
                stock.c.stock + delta >= stock.c.held,
                stock.c.stock + delta <= func.greatest(STOCK_MAX, stock.c.stock),
            )
            .values(stock=stock.c.stock + delta)
            .returning(stock.c.stock, stock.c.held)
        )
    ).first()
    if row is None:
        now = (await db.execute(select(stock).where(stock.c.sku_id == sku_id))).one()
        if delta > 0:
            raise StockTooHigh(stock_max=STOCK_MAX)
        raise StockTooLow(stock=now.stock, held=now.held, delta=delta)
    level = Level(row.stock, row.held)
    if delta:
        await db.execute(
            stock_entries.insert().values(
                shop_id=shop_id,
                sku_id=sku_id,
                delta=delta,
                stock_after=level.stock,
                kind=kind,
                reason=reason,
                actor_id=actor_id,
            )
        )
        await publish(db, StockChanged(sku_id=sku_id, product_id=product_id, available=level.available))
    return level
