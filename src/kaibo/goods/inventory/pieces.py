"""Single pieces of sold orders: some come back on sale, some go out as replacements."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from kaibo.goods.contracts import OutOfStock, PiecesNotSold, SkuId, SkuMissing, StockChanged
from kaibo.goods.inventory.hold import merged, note_entry
from kaibo.goods.inventory.tables import holds, stock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish


async def put_back_pieces(db: Db, order_id: UUID, pieces: Sequence[tuple[UUID, int]]) -> None:
    """Some of what the order has bought can be sold again. Never more than it bought, over all calls.

    Not idempotent: the caller does it in the transaction that records why. Raises PiecesNotSold, QuantityInvalid.
    """
    for sku_id, quantity in merged(pieces):
        here = (holds.c.order_id == order_id) & (holds.c.sku_id == sku_id) & (holds.c.state == "consumed")
        counted = (
            update(holds)
            .where(here, holds.c.returned + quantity <= holds.c.quantity)
            .values(returned=holds.c.returned + quantity)
            .returning(holds.c.sku_id)
        )
        if (await db.execute(counted)).first() is None:
            raise PiecesNotSold(order_id=str(order_id), sku_id=SkuId(sku_id), quantity=quantity)
        changed = (
            update(stock)
            .where(stock.c.sku_id == sku_id)
            .values(stock=stock.c.stock + quantity, sold=stock.c.sold - quantity)
            .returning(
                stock.c.product_id, stock.c.shop_id, stock.c.stock, (stock.c.stock - stock.c.held).label("available")
            )
        )
        row = (await db.execute(changed)).one()
        await note_entry(db, row.shop_id, sku_id, order_id, quantity, row.stock, "returned")
        await publish(db, StockChanged(sku_id=sku_id, product_id=row.product_id, available=row.available))


async def take_pieces(db: Db, order_id: UUID, pieces: Sequence[tuple[UUID, int]]) -> None:
    """Replacements leave the warehouse. They were not bought, so `sold` stays. Raises OutOfStock, SkuMissing, QuantityInvalid."""
    for sku_id, quantity in merged(pieces):
        changed = (
            update(stock)
            .where(stock.c.sku_id == sku_id, stock.c.stock - stock.c.held >= quantity)
            .values(stock=stock.c.stock - quantity)
            .returning(
                stock.c.product_id, stock.c.shop_id, stock.c.stock, (stock.c.stock - stock.c.held).label("available")
            )
        )
        row = (await db.execute(changed)).first()
        if row is None:
            left = await db.scalar(select(stock.c.stock - stock.c.held).where(stock.c.sku_id == sku_id))
            if left is None:
                raise SkuMissing(id=str(sku_id))
            raise OutOfStock(sku_id=SkuId(sku_id), left=left)
        await note_entry(db, row.shop_id, sku_id, order_id, -quantity, row.stock, "replaced")
        await publish(db, StockChanged(sku_id=sku_id, product_id=row.product_id, available=row.available))
