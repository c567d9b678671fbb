"""Cards, quotes and SKU views: what buyers, bags and orders need to know of a product now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from kaibo.goods.catalog.lookup import pictures_by_product, skus_by_product
from kaibo.goods.catalog.rules import stock_state
from kaibo.goods.catalog.seven_days import no_return_because
from kaibo.goods.catalog.tables import products, skus
from kaibo.goods.contracts import (
    NotOnSale,
    PictureView,
    ProductCard,
    ProductId,
    ProductMissing,
    QuotedLine,
    SkuId,
    SkuMissing,
    SkuView,
)
from kaibo.goods.inventory.hold import check_quantity
from kaibo.goods.inventory.tables import stock
from kaibo.goods.windows.open_now import read_windows, shelf_price, windows_by_sku, windows_json
from kaibo.goods.windows.rules import quoted_at, view_at
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.people.contracts import ShopId


async def product_cards(db: Db, product_ids: Iterable[UUID]) -> dict[ProductId, ProductCard]:
    """Cards of the products that exist among `product_ids`, whatever their review state (see `approved`)."""
    ids = set(product_ids)
    if not ids:
        return {}
    price_now = func.least(skus.c.price_fen, shelf_price())
    totals = (
        select(
            skus.c.product_id,
            func.min(price_now).label("price_fen_min"),
            func.max(price_now).label("price_fen_max"),
            # sum(bigint) is numeric in PostgreSQL; ours fit a bigint
            func.sum(stock.c.stock - stock.c.held).label("stock_left"),
            func.sum(stock.c.sold).label("sold_count"),
        )
        .join(stock, stock.c.sku_id == skus.c.id)
        .where(skus.c.product_id.in_(ids), skus.c.removed_at.is_(None))
        .group_by(skus.c.product_id)
        .subquery()
    )
    rows = (
        await db.execute(
            select(products, totals)
            .outerjoin(totals, totals.c.product_id == products.c.id)
            .where(products.c.id.in_(ids))
        )
    ).all()
    shops = await people.shop_view(db, {row.shop_id for row in rows})
    shown = await pictures_by_product(db, ids)
    return {
        ProductId(row.id): _card(row, shop.name if (shop := shops.get(row.shop_id)) else "", shown.get(row.id, []))
        for row in rows
    }


def _card(row: Any, shop_name: str, shown: Sequence[PictureView]) -> ProductCard:
    left = int(row.stock_left or 0)
    return ProductCard(
        id=ProductId(row.id),
        shop_id=ShopId(row.shop_id),
        shop_name=shop_name,
        title=row.title,
        picture_url=shown[0].thumbnail_url if shown else None,
        price_fen_min=row.price_fen_min or 0,
        price_fen_max=row.price_fen_max or 0,
        service_tags=tuple(row.service_tags),
        sold_count=int(row.sold_count or 0),
        stock_left=left,
        stock_state=stock_state(left),
        commission_bps=row.commission_bps,
        approved=row.state == "approved",
    )


async def sold_by_shop(db: Db, shop_id: UUID) -> int:
    """How many pieces a shop has sold in all."""
    query = select(func.sum(stock.c.sold)).join(skus, skus.c.id == stock.c.sku_id).where(skus.c.shop_id == shop_id)
    return int(await db.scalar(query) or 0)


async def on_sale_count(db: Db, shop_id: UUID) -> int:
    """How many products of a shop can be bought, or will be when their review is done."""
    query = select(func.count()).select_from(products)
    query = query.where(products.c.shop_id == shop_id, products.c.state.in_(("approved", "pending")))
    return int(await db.scalar(query) or 0)


async def skus_of(
    db: Db, product_ids: Iterable[UUID], *, room_id: UUID | None = None
) -> dict[ProductId, list[SkuView]]:
    """The SKUs on offer of each product, in the merchant's order, at what they cost in this room (None: on the shelf)."""
    by_product = await skus_by_product(db, product_ids)
    windows = await windows_by_sku(db, [sku.id for found in by_product.values() for sku in found])
    return {
        ProductId(product_id): [
            view_at(
                SkuView(sku.id, ProductId(product_id), sku.name, sku.price_fen, sku.available, sku.limit_per_buyer),
                windows.get(sku.id, ()),
                room_id,
            )
            for sku in found
        ]
        for product_id, found in by_product.items()
    }


async def quote(db: Db, lines: Sequence[tuple[UUID, int]]) -> list[QuotedLine]:
    """What (SKU, quantity) costs now, in the order given; equal SKUs are not merged.

    Raises SkuMissing, QuantityInvalid. A product that may not be sold comes back with approved=False.
    """
    for sku_id, quantity in lines:
        check_quantity(sku_id, quantity)
    found = await quotes_of(db, {sku_id for sku_id, _ in lines})
    quoted = []
    for sku_id, quantity in lines:
        one = found.get(SkuId(sku_id))
        if one is None:
            raise SkuMissing(id=str(sku_id))
        quoted.append(replace(one, quantity=quantity))
    return quoted


async def quotes_of(db: Db, sku_ids: Iterable[UUID]) -> dict[SkuId, QuotedLine]:
    """What one piece costs now on the shelf of each of these SKUs that exists, in two statements; `in_room` goes on from there."""
    query = (
        select(
            skus,
            products.c.title,
            products.c.category_key,
            products.c.attributes,
            products.c.service_tags,
            products.c.freight_fen,
            products.c.commission_bps,
            products.c.state,
            (stock.c.stock - stock.c.held).label("stock_left"),
            windows_json().label("windows"),
        )
        .join(products, products.c.id == skus.c.product_id)
        .join(stock, stock.c.sku_id == skus.c.id)
        .where(skus.c.id.in_(set(sku_ids)))
    )
    rows = (await db.execute(query)).all()
    shown = await pictures_by_product(db, {row.product_id for row in rows})
    return {SkuId(row.id): _quoted(row, shown.get(row.product_id, [])) for row in rows}


def _quoted(row: Any, shown: Sequence[PictureView]) -> QuotedLine:
    line = QuotedLine(
        sku_id=SkuId(row.id),
        product_id=ProductId(row.product_id),
        shop_id=ShopId(row.shop_id),
        title=row.title,
        sku_name=row.name,
        picture_url=shown[0].thumbnail_url if shown else None,
        quantity=1,
        unit_price_fen=row.price_fen,
        freight_fen=row.freight_fen,
        commission_bps=row.commission_bps,
        limit_per_buyer=row.limit_per_buyer,
        stock_left=row.stock_left,
        approved=row.state == "approved" and row.removed_at is None,
        category_key=row.category_key,
        seven_day_exclusion=no_return_because(
            row.category_key, [(one["name"], one["value"]) for one in row.attributes], row.service_tags
        ),
        windows=read_windows(row.windows),
    )
    return quoted_at(line, row.price_fen, None) if line.windows else line


async def require_approved(db: Db, product_ids: Iterable[UUID]) -> None:
    """Raises ProductMissing or NotOnSale for the first product that may not be sold (Order 117 art. 30)."""
    wanted = list(product_ids)
    rows = await db.execute(select(products.c.id, products.c.state).where(products.c.id.in_(set(wanted))))
    states = {row.id: row.state for row in rows}
    for product_id in wanted:
        if product_id not in states:
            raise ProductMissing(id=str(product_id))
        if states[product_id] != "approved":
            raise NotOnSale(product_id=ProductId(product_id))
