"""Reads of products in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from kaibo.goods.catalog.model import Product, Sku
from kaibo.goods.catalog.rules import LOW_STOCK, search_words
from kaibo.goods.catalog.tables import product_pictures, products, skus
from kaibo.goods.contracts import PictureView, ProductId, ProductMissing, ProductState, SkuId
from kaibo.goods.inventory.tables import stock
from kaibo.goods.pictures.lookup import view
from kaibo.goods.pictures.tables import pictures
from kaibo.kernel.db import Db
from kaibo.people.contracts import ShopId


async def products_by(db: Db, query: Select[Any]) -> list[Product]:
    """The products that `query` (of rows of `products`) finds, in its order, each with SKUs and pictures."""
    rows = (await db.execute(query)).all()
    ids = [row.id for row in rows]
    found, shown = await skus_by_product(db, ids), await pictures_by_product(db, ids)
    return [_product(row, found.get(row.id, []), shown.get(row.id, [])) for row in rows]


def _product(row: Any, its_skus: Sequence[Sku], its_pictures: Sequence[PictureView]) -> Product:
    return Product(
        id=ProductId(row.id),
        shop_id=ShopId(row.shop_id),
        title=row.title,
        category_key=row.category_key,
        description=row.description,
        origin=row.origin,
        selling_points=tuple(row.selling_points),
        attributes=tuple((a["name"], a["value"]) for a in row.attributes),
        service_tags=tuple(row.service_tags),
        freight_fen=row.freight_fen,
        commission_bps=row.commission_bps,
        state=row.state,
        refusal_reason=row.refusal_reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
        submitted_at=row.submitted_at,
        pictures=tuple(its_pictures),
        skus=tuple(its_skus),
    )


async def product(db: Db, product_id: UUID, *, shop_id: UUID | None = None, lock: bool = False) -> Product:
    """One product, of this shop where one is named. Raises ProductMissing, also for another shop's."""
    query = select(products).where(products.c.id == product_id)
    if shop_id is not None:
        query = query.where(products.c.shop_id == shop_id)
    found = await products_by(db, query.with_for_update() if lock else query)
    if not found:
        raise ProductMissing(id=str(product_id))
    return found[0]


async def skus_by_product(db: Db, product_ids: Iterable[UUID]) -> dict[UUID, list[Sku]]:
    """The SKUs that were not removed, in the merchant's order."""
    rows = await db.execute(
        select(skus, stock.c.stock, stock.c.held, stock.c.sold)
        .join(stock, stock.c.sku_id == skus.c.id)
        .where(skus.c.product_id.in_(set(product_ids)), skus.c.removed_at.is_(None))
        .order_by(skus.c.position, skus.c.id)
    )
    found: dict[UUID, list[Sku]] = {}
    for row in rows:
        found.setdefault(row.product_id, []).append(
            Sku(
                id=SkuId(row.id),
                name=row.name,
                code=row.code,
                price_fen=row.price_fen,
                stock=row.stock,
                held=row.held,
                sold=row.sold,
                limit_per_buyer=row.limit_per_buyer,
            )
        )
    return found


async def pictures_by_product(db: Db, product_ids: Iterable[UUID]) -> dict[UUID, list[PictureView]]:
    rows = await db.execute(
        select(product_pictures.c.product_id, pictures)
        .join(pictures, pictures.c.id == product_pictures.c.picture_id)
        .where(product_pictures.c.product_id.in_(set(product_ids)))
        .order_by(product_pictures.c.product_id, product_pictures.c.position)
    )
    found: dict[UUID, list[PictureView]] = {}
    for row in rows:
        found.setdefault(row.product_id, []).append(view(row))
    return found


async def shop_products(
    db: Db, shop_id: UUID, *, state: ProductState | None, q: str, after: UUID | None, limit: int
) -> list[Product]:
    """A shop's products of every state (or one), newest first."""
    query = select(products).where(products.c.shop_id == shop_id).order_by(products.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(products.c.state == state)
    for word in search_words(q):
        query = query.where(products.c.search_text.contains(word, autoescape=True))
    return await products_by(db, query.where(products.c.id < after) if after else query)


async def products_in_review(db: Db, state: ProductState, *, after: UUID | None, limit: int) -> list[Product]:
    """Products in a state over all shops, oldest first."""
    query = select(products).where(products.c.state == state).order_by(products.c.id).limit(limit)
    return await products_by(db, query.where(products.c.id > after) if after else query)


async def todo(db: Db, shop_id: UUID) -> dict[str, int]:
    """How many of a shop's products wait for review, were refused, or are on sale and nearly out of stock."""
    counted = await db.execute(
        select(products.c.state, func.count().label("count_"))
        .where(products.c.shop_id == shop_id, products.c.state.in_(("pending", "refused")))
        .group_by(products.c.state)
    )
    by_state: dict[str, int] = {row.state: row.count_ for row in counted}
    low = (
        select(skus.c.product_id)
        .join(stock, stock.c.sku_id == skus.c.id)
        .join(products, products.c.id == skus.c.product_id)
        .where(products.c.shop_id == shop_id, products.c.state == "approved", skus.c.removed_at.is_(None))
        .group_by(skus.c.product_id)
        .having(func.min(stock.c.stock - stock.c.held) <= LOW_STOCK)
        .subquery()
    )
    low_stock = await db.scalar(select(func.count()).select_from(low)) or 0
    return {"pending": by_state.get("pending", 0), "refused": by_state.get("refused", 0), "low_stock": low_stock}


async def count_products(db: Db, shop_id: UUID, *, approved_only: bool = False) -> int:
    query = select(func.count()).select_from(products).where(products.c.shop_id == shop_id)
    return await db.scalar(query.where(products.c.state == "approved") if approved_only else query) or 0
