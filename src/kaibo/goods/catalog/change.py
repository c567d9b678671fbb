"""A merchant edits a product. Prices and stock change at once; what was reviewed goes back to review."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import update

from kaibo.goods.catalog import rules
from kaibo.goods.catalog.categories import require_leaf
from kaibo.goods.catalog.create import refuse_repeated
from kaibo.goods.catalog.lookup import product
from kaibo.goods.catalog.model import Product, ProductDraft, Sku, SkuDraft
from kaibo.goods.catalog.record import (
    NewSku,
    attributes_json,
    insert_skus,
    note_prices,
    note_review,
    place_pictures,
    refuse_taken_codes,
)
from kaibo.goods.catalog.tables import products, skus
from kaibo.goods.contracts import ProductChanged, ProductIncomplete, SkuForeign
from kaibo.goods.inventory.adjust import adjust_stock
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.outbox import publish


async def change_product(db: Db, shop_id: UUID, product_id: UUID, actor_id: UUID, draft: ProductDraft) -> Product:
    """Write the members that are given.

    Raises ProductMissing, CategoryUnknown, PictureMissing, SkuForeign, SkuNameRepeated, SkuCodeTaken, StockTooLow,
    StockTooHigh, and ProductIncomplete where a product on sale would lose its last SKU or picture.
    """
    before = await product(db, product_id, shop_id=shop_id, lock=True)
    if draft.category_key is not None:
        require_leaf(draft.category_key)
    values = written_values(draft)
    if values:
        await db.execute(update(products).where(products.c.id == product_id).values(**values))
    if draft.picture_ids is not None:
        await place_pictures(db, product_id, draft.picture_ids, actor_id)
    if draft.skus is not None:
        refuse_repeated(draft)
        await _write_skus(db, shop_id, before, draft.skus, actor_id)
    await after_edit(db, before, await product(db, product_id), actor_id)
    return await product(db, product_id)


async def after_edit(db: Db, before: Product, now: Product, actor_id: UUID) -> None:
    """Move the product in the review states where its reviewed content changed, and tell the house."""
    state = before.state
    if rules.differs(before.content(), now.content()):
        state = rules.after(before.state, "revise")
    lacking = rules.missing(now.content())
    if state in ("pending", "approved") and lacking:
        raise ProductIncomplete(missing=lacking)
    await db.execute(
        update(products)
        .where(products.c.id == now.id)
        .values(
            state=state,
            updated_at=clock.now(),
            submitted_at=clock.now() if state == "pending" and before.state != "pending" else before.submitted_at,
        )
    )
    if state != before.state:
        await note_review(db, now.id, "revise", before.state, state, actor_id)
    if before.state == "approved":
        await publish(db, ProductChanged(product_id=now.id, shop_id=now.shop_id, approved=state == "approved"))


def written_values(draft: ProductDraft) -> dict[str, Any]:
    """The columns that the draft writes."""
    given: dict[str, Any] = {
        "title": draft.title,
        "category_key": draft.category_key,
        "description": draft.description,
        "origin": draft.origin,
        "selling_points": None if draft.selling_points is None else list(draft.selling_points),
        "attributes": None if draft.attributes is None else attributes_json(draft.attributes),
        "service_tags": None if draft.service_tags is None else list(draft.service_tags),
        "freight_fen": draft.freight_fen,
        "commission_bps": draft.commission_bps,
        "search_text": None if draft.title is None else rules.search_text(draft.title),
    }
    return {name: value for name, value in given.items() if value is not None}


async def _write_skus(db: Db, shop_id: UUID, before: Product, written: tuple[SkuDraft, ...], actor_id: UUID) -> None:
    """Existing SKUs by id are changed, ones without id are new, ones left out are removed."""
    known: dict[UUID, Sku] = {sku.id: sku for sku in before.skus}
    kept = [sku.id for sku in written if sku.id is not None]
    twice = rules.repeated([str(sku_id) for sku_id in kept])
    foreign = twice or next((str(sku_id) for sku_id in kept if sku_id not in known), None)
    if foreign is not None:
        raise SkuForeign(sku_id=foreign)
    gone = [sku_id for sku_id in known if sku_id not in kept]
    if gone:
        await db.execute(update(skus).where(skus.c.id.in_(gone)).values(removed_at=clock.now()))
    await refuse_taken_codes(db, shop_id, [sku.code for sku in written if sku.id and sku.code], besides=kept)
    # Codes are let go first, so that two SKUs can swap theirs.
    await db.execute(update(skus).where(skus.c.id.in_(kept)).values(code=None))
    for place, sku in sorted(enumerate(written), key=lambda entry: str(entry[1].id)):
        if sku.id is not None:
            await _change_sku(db, shop_id, known[sku.id], sku, place, actor_id)
    new = [NewSku(new_id(), before.id, place, sku) for place, sku in enumerate(written) if sku.id is None]
    await insert_skus(db, shop_id, new, actor_id)


async def _change_sku(db: Db, shop_id: UUID, before: Sku, draft: SkuDraft, place: int, actor_id: UUID) -> None:
    """Write one existing SKU. Stock moves by (stock - stock_was), or to `stock` where the writer did not say what it was."""
    values: dict[str, Any] = {
        "name": draft.name,
        "code": draft.code,
        "price_fen": draft.price_fen,
        "limit_per_buyer": draft.limit_per_buyer,
        "position": place,
    }
    await db.execute(update(skus).where(skus.c.id == before.id).values(**values))
    if draft.price_fen != before.price_fen:
        await note_prices(db, [(before.id, draft.price_fen)], actor_id)
    if draft.stock is None:
        return
    was = before.stock if draft.stock_was is None else draft.stock_was
    if draft.stock != was:
        await adjust_stock(db, shop_id, before.id, draft.stock - was, reason="", actor_id=actor_id, kind="edited")
