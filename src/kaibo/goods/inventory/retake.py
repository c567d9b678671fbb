"""Set aside again what an order had given back: its payment came after its time, and the pieces may still be there."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from kaibo.goods.contracts import OutOfStock, SkuId, StockChanged
from kaibo.goods.inventory.tables import holds, stock
from kaibo.goods.windows.take import retake_takes
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish


async def retake(db: Db, order_id: UUID) -> None:
    """Released pieces are held again, all of them; nothing happens where none are released.

    Raises OutOfStock for the first SKU of which too few are left, or too few at the price of its window; the caller rolls back to
    before the call (a savepoint), as other pieces may have been taken already. Limits a buyer are not looked at: they were when
    the order was placed.
    """
    await retake_takes(db, order_id)
    released = (holds.c.order_id == order_id) & (holds.c.state == "released")
    rows = (await db.execute(select(holds.c.sku_id, holds.c.quantity).where(released).order_by(holds.c.sku_id))).all()
    for row in rows:
        enough = (stock.c.sku_id == row.sku_id) & (stock.c.stock - stock.c.held >= row.quantity)
        taken = update(stock).where(enough).values(held=stock.c.held + row.quantity)
        found = (await db.execute(taken.returning(stock.c.product_id, stock.c.stock - stock.c.held))).one_or_none()
        if found is None:
            left = await db.scalar(select(stock.c.stock - stock.c.held).where(stock.c.sku_id == row.sku_id))
            raise OutOfStock(sku_id=SkuId(row.sku_id), left=int(left or 0))
        await publish(db, StockChanged(sku_id=row.sku_id, product_id=found[0], available=found[1]))
    if rows:
        await db.execute(update(holds).where(released).values(state="held"))
