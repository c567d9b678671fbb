"""Import products from a CSV file: the good rows in one transaction, every bad one reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, update

from kaibo.goods.catalog.change import after_edit, written_values
from kaibo.goods.catalog.lookup import count_products, products_by
from kaibo.goods.catalog.model import Product, Sku
from kaibo.goods.catalog.record import NewSku, insert_products, insert_skus
from kaibo.goods.catalog.rewrite import rewrite_skus
from kaibo.goods.catalog.rules import PRODUCTS_PER_SHOP_MAX
from kaibo.goods.catalog.tables import products, skus
from kaibo.goods.importing.names import name_of_sku, sku_named
from kaibo.goods.importing.plan import Plan, plan, sku_draft
from kaibo.goods.importing.read import Fault, Row, read_file
from kaibo.goods.inventory.tables import stock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id


@dataclass(frozen=True)
class Report:
    """`rows` of the file = `created` + `updated` SKUs + rows with faults."""

    created: int
    updated: int
    rows: int
    faults: list[Fault]


async def import_products(db: Db, shop_id: UUID, actor_id: UUID, content: bytes) -> Report:
    """Raises what `read_file` raises: a file that cannot be read changes nothing."""
    read = await asyncio.to_thread(read_file, content)
    # One import of a shop at a time; what the plan is made from must not move under it.
    await db.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"goods.import:{shop_id}"}
    )
    by_code, by_title = await _known(db, shop_id, read.rows)
    room = PRODUCTS_PER_SHOP_MAX - await count_products(db, shop_id)
    made = await asyncio.to_thread(plan, read.rows, by_code, by_title, room)
    await _apply(db, shop_id, actor_id, made)
    faults = sorted([*read.faults, *made.faults], key=lambda f: f.line)
    created = sum(len(g.added) for g in made.groups)
    updated = sum(len(g.changed) for g in made.groups)
    return Report(created, updated, read.rows_in_file, faults)


async def _known(
    db: Db, shop_id: UUID, rows: Sequence[Row]
) -> tuple[dict[str, tuple[Product, Sku]], dict[str, Product]]:
    """The shop's SKUs by code and its products by title, as far as the file names them; their rows are locked."""
    codes, titles = {row.cells["code"] for row in rows}, {row.cells["title"] for row in rows}
    ids = [sku_id for code in codes if (sku_id := sku_named(code)) is not None]
    coded = skus.c.code.in_(codes) | (skus.c.id.in_(ids) & skus.c.code.is_(None))
    with_code = select(skus.c.product_id).where(skus.c.shop_id == shop_id, skus.c.removed_at.is_(None), coded)
    named = (products.c.id.in_(with_code)) | (products.c.title.in_(titles) & (products.c.state != "withdrawn"))
    here = select(products).where(products.c.shop_id == shop_id, named).order_by(products.c.id)
    locked = list((await db.execute(here.with_only_columns(products.c.id).with_for_update())).scalars())
    its_stock = select(stock.c.sku_id).where(stock.c.product_id.in_(locked)).order_by(stock.c.sku_id)
    await db.execute(its_stock.with_for_update())
    found = await products_by(db, select(products).where(products.c.id.in_(locked)).order_by(products.c.id))
    named_skus = [(sku.code or name_of_sku(sku.id), p, sku) for p in found for sku in p.skus]
    by_code = {code: (p, sku) for code, p, sku in named_skus if code in codes}
    by_title: dict[str, Product] = {}
    for p in found:
        if p.state != "withdrawn":
            by_title.setdefault(p.title, p)
    return by_code, by_title


async def _apply(db: Db, shop_id: UUID, actor_id: UUID, made: Plan) -> None:
    await insert_products(db, shop_id, [(g.new_id, g.draft()) for g in made.groups if g.product is None])
    changes = [(g.product, sku, sku_draft(row, sku)) for g in made.groups if g.product for sku, row in g.changed]
    await rewrite_skus(db, changes, actor_id)
    new = [
        NewSku(new_id(), g.new_id, place, sku_draft(row))
        for g in made.groups
        for place, row in enumerate(g.added, start=len(g.product.skus) if g.product else 0)
    ]
    await insert_skus(db, shop_id, new, actor_id, kind="imported")
    edited = {g.product.id: g for g in made.groups if g.product is not None}
    for product_id, group in edited.items():
        values = written_values(group.draft())
        if values:
            await db.execute(update(products).where(products.c.id == product_id).values(**values))
    for now in await products_by(db, select(products).where(products.c.id.in_(edited))):
        before = edited[now.id].product
        assert before is not None
        await after_edit(db, before, now, actor_id)
