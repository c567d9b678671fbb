"""Rows of products and SKUs written in bulk, each with the entries it owes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from kaibo.goods.catalog.model import ProductDraft, SkuDraft
from kaibo.goods.catalog.rules import Step, search_text
from kaibo.goods.catalog.tables import price_entries, product_pictures, products, review_entries, skus
from kaibo.goods.contracts import PictureMissing, ProductState, SkuCodeTaken
from kaibo.goods.inventory.tables import stock, stock_entries
from kaibo.goods.pictures.tables import pictures
from kaibo.kernel.db import Db


@dataclass(frozen=True)
class NewSku:
    id: UUID
    product_id: UUID
    position: int
    draft: SkuDraft


async def insert_products(db: Db, shop_id: UUID, made: Sequence[tuple[UUID, ProductDraft]]) -> None:
    """Insert drafts without SKUs and pictures."""
    if not made:
        return
    rows = [
        {
            "id": product_id,
            "shop_id": shop_id,
            "title": draft.title or "",
            "category_key": draft.category_key,
            "description": draft.description or "",
            "origin": draft.origin or "",
            "selling_points": list(draft.selling_points or ()),
            "attributes": attributes_json(draft.attributes or ()),
            "service_tags": list(draft.service_tags or ()),
            "freight_fen": draft.freight_fen or 0,
            "commission_bps": draft.commission_bps or 0,
            "state": "draft",
            "search_text": search_text(draft.title or ""),
        }
        for product_id, draft in made
    ]
    await db.execute(products.insert(), rows)


async def insert_skus(db: Db, shop_id: UUID, made: Sequence[NewSku], actor_id: UUID, kind: str = "opened") -> None:
    """Insert SKUs with their stock, and open the record of prices and stock. Raises SkuCodeTaken."""
    if not made:
        return
    await refuse_taken_codes(db, shop_id, [new.draft.code for new in made if new.draft.code])
    rows = [
        {
            "id": new.id,
            "product_id": new.product_id,
            "shop_id": shop_id,
            "name": new.draft.name,
            "code": new.draft.code,
            "price_fen": new.draft.price_fen,
            "limit_per_buyer": new.draft.limit_per_buyer,
            "position": new.position,
        }
        for new in made
    ]
    try:
        async with db.begin_nested():
            await db.execute(skus.insert(), rows)
    except IntegrityError as clash:
        # another request took the code between the check and here
        detail = str(getattr(getattr(clash.orig, "__cause__", None), "detail", ""))
        code = next((new.draft.code for new in made if new.draft.code and f", {new.draft.code})" in detail), "")
        raise SkuCodeTaken(sku_code=code) from clash
    opened = [
        {"sku_id": n.id, "product_id": n.product_id, "shop_id": shop_id, "stock": n.draft.stock or 0} for n in made
    ]
    await db.execute(stock.insert(), opened)
    await note_prices(db, [(new.id, new.draft.price_fen) for new in made], actor_id)
    entries = [
        {
            "shop_id": shop_id,
            "sku_id": n.id,
            "delta": n.draft.stock,
            "stock_after": n.draft.stock,
            "kind": kind,
            "reason": "",
            "actor_id": actor_id,
        }
        for n in made
        if n.draft.stock
    ]
    if entries:
        await db.execute(stock_entries.insert(), entries)


async def refuse_taken_codes(db: Db, shop_id: UUID, codes: Sequence[str], *, besides: Sequence[UUID] = ()) -> None:
    """Raises SkuCodeTaken where a living SKU of the shop, other than `besides`, has one of the codes."""
    if not codes:
        return
    taken = select(skus.c.code).where(
        skus.c.shop_id == shop_id, skus.c.code.in_(codes), skus.c.removed_at.is_(None), skus.c.id.not_in(besides)
    )
    code = await db.scalar(taken.limit(1))
    if code is not None:
        raise SkuCodeTaken(sku_code=code)


async def note_prices(db: Db, prices: Sequence[tuple[UUID, int]], actor_id: UUID) -> None:
    """Append to the price history, out of which a struck price is justified (price-fraud rules 16–18, 20)."""
    if prices:
        rows = [{"sku_id": sku_id, "price_fen": price_fen, "actor_id": actor_id} for sku_id, price_fen in prices]
        await db.execute(price_entries.insert(), rows)


async def note_review(
    db: Db, product_id: UUID, step: Step, before: ProductState, after: ProductState, actor_id: UUID, reason: str = ""
) -> None:
    await db.execute(
        review_entries.insert().values(
            product_id=product_id, step=step, from_state=before, to_state=after, actor_id=actor_id, reason=reason
        )
    )


async def place_pictures(db: Db, product_id: UUID, picture_ids: Sequence[UUID], actor_id: UUID) -> None:
    """Show these pictures, in this order. Each is the actor's own upload or was shown before. Raises PictureMissing."""
    t = product_pictures
    shown = set((await db.execute(select(t.c.picture_id).where(t.c.product_id == product_id))).scalars())
    mine = select(pictures.c.id).where(pictures.c.id.in_(picture_ids), pictures.c.owner_id == actor_id)
    allowed = shown | set((await db.execute(mine)).scalars())
    for picture_id in picture_ids:
        if picture_id not in allowed:
            raise PictureMissing(id=str(picture_id))
    await db.execute(delete(t).where(t.c.product_id == product_id))
    if picture_ids:
        rows = [{"product_id": product_id, "position": i, "picture_id": p} for i, p in enumerate(picture_ids)]
        await db.execute(t.insert(), rows)


def attributes_json(attributes: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in attributes]
