"""Rewrite many existing SKUs at once: what an import does. A statement for all of them instead of several for each."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, update

from kaibo.goods.catalog.model import Product, Sku, SkuDraft
from kaibo.goods.catalog.record import note_prices
from kaibo.goods.catalog.tables import skus
from kaibo.goods.contracts import StockChanged
from kaibo.goods.inventory.tables import stock, stock_entries
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish

_WRITE_SKU = (
    update(skus)
    .where(skus.c.id == bindparam("sku"))
    .values(name=bindparam("name_"), price_fen=bindparam("price"), limit_per_buyer=bindparam("limit_"))
)
_WRITE_STOCK = update(stock).where(stock.c.sku_id == bindparam("sku")).values(stock=bindparam("pieces"))


async def rewrite_skus(db: Db, changes: Sequence[tuple[Product, Sku, SkuDraft]], actor_id: UUID) -> None:
    """Write names, prices, limits and stock of SKUs whose stock rows the caller has locked and found to be above what is held.

    Publishes StockChanged for products on sale; nobody shows the stock of others.
    """
    rewritten = [
        (p, old, new) for p, old, new in changes if (old.name, old.price_fen, old.limit_per_buyer) != _told(new)
    ]
    if rewritten:
        rows = [
            {"sku": old.id, "name_": new.name, "price": new.price_fen, "limit_": new.limit_per_buyer}
            for _, old, new in rewritten
        ]
        await db.execute(_WRITE_SKU, rows)
    await note_prices(
        db, [(old.id, new.price_fen) for _, old, new in changes if new.price_fen != old.price_fen], actor_id
    )
    moved = [(p, old, new.stock) for p, old, new in changes if new.stock is not None and new.stock != old.stock]
    if not moved:
        return
    await db.execute(_WRITE_STOCK, [{"sku": old.id, "pieces": pieces} for _, old, pieces in moved])
    entries = [
        {
            "shop_id": product.shop_id,
            "sku_id": old.id,
            "delta": pieces - old.stock,
            "stock_after": pieces,
            "kind": "imported",
            "reason": "",
            "actor_id": actor_id,
        }
        for product, old, pieces in moved
    ]
    await db.execute(stock_entries.insert(), entries)
    for product, old, pieces in moved:
        if product.state == "approved":
            await publish(db, StockChanged(sku_id=old.id, product_id=product.id, available=pieces - old.held))


def _told(draft: SkuDraft) -> tuple[str, int, int | None]:
    return draft.name, draft.price_fen, draft.limit_per_buyer
