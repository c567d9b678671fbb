"""A shop's products as rows of the import's own columns: what is exported can be changed in Excel and imported again, losslessly.

Pictures are not in it; an import leaves them as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select

from kaibo.goods.catalog.categories import categories
from kaibo.goods.catalog.lookup import products_by
from kaibo.goods.catalog.model import Product, Sku
from kaibo.goods.catalog.tables import products, skus
from kaibo.goods.importing.columns import COLUMNS, TAG_NAMES, BadCell
from kaibo.goods.importing.names import name_of_sku
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale
from kaibo.kernel.sheets.cells import Cell, yuan

_READ = {column.key: column.read for column in COLUMNS}


@dataclass(frozen=True)
class ProductRows:
    """Rows of whole products; `after` is where to go on, None at the end."""

    rows: list[list[Cell]]
    after: UUID | None


def product_header(locale: Locale) -> list[str]:
    return [column.name(locale) for column in COLUMNS]


async def count_product_rows(db: Db, shop_id: UUID) -> int:
    living = (skus.c.shop_id == shop_id) & skus.c.removed_at.is_(None)
    return int(await db.scalar(select(func.count()).select_from(skus).where(living)) or 0)


async def product_rows(db: Db, shop_id: UUID, locale: Locale, after: UUID | None, limit: int) -> ProductRows:
    """The next `limit` products, oldest first."""
    query = select(products).where(products.c.shop_id == shop_id).order_by(products.c.id).limit(limit)
    found = await products_by(db, query.where(products.c.id > after) if after else query)
    rows = [_row(product, sku, locale) for product in found for sku in product.skus]
    return ProductRows(rows, found[-1].id if len(found) == limit else None)


def _row(product: Product, sku: Sku, locale: Locale) -> list[Cell]:
    cells: dict[str, Cell] = {
        "code": sku.code or name_of_sku(sku.id),
        "title": product.title,
        "category": _category(product.category_key, locale),
        "sku_name": sku.name,
        "price": yuan(sku.price_fen),
        "stock": sku.stock,
        "limit": sku.limit_per_buyer,
        "origin": product.origin,
        "freight": yuan(product.freight_fen),
        "commission": yuan(product.commission_bps),
        "tags": "；".join(_tag(tag) for tag in product.service_tags),
        "points": _listed("points", product.selling_points, "；".join),
        "attributes": _listed(
            "attributes", product.attributes, lambda a: "；".join(f"{name}={value}" for name, value in a)
        ),
        "description": product.description,
    }
    return [cells[column.key] for column in COLUMNS]


def _category(key: str, locale: Locale) -> str:
    name = categories()[key].name(locale)
    return name if _READ["category"](name) == key else key


def _tag(tag: str) -> str:
    return next(name for name, known in TAG_NAMES.items() if known == tag)


def _listed(key: str, values: tuple[Any, ...], plain: Callable[[Any], str]) -> str:
    """The plain form where the importer reads the same out of it, else JSON, which it reads too."""
    text = plain(values)
    try:
        same = not text or _READ[key](text) == values
    except BadCell:
        same = False
    return text if same else orjson.dumps([list(v) if isinstance(v, tuple) else v for v in values]).decode()
