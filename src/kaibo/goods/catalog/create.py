"""A merchant writes a new product; it starts as a draft."""

from __future__ import annotations

from uuid import UUID

from kaibo.goods.catalog import rules
from kaibo.goods.catalog.categories import require_leaf
from kaibo.goods.catalog.lookup import count_products, product
from kaibo.goods.catalog.model import Product, ProductDraft
from kaibo.goods.catalog.record import NewSku, insert_products, insert_skus, place_pictures
from kaibo.goods.contracts import ProductsFull, SkuCodeTaken, SkuForeign, SkuNameRepeated
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id


async def create_product(db: Db, shop_id: UUID, actor_id: UUID, draft: ProductDraft) -> Product:
    """Raises ProductsFull, CategoryUnknown, PictureMissing, SkuForeign, SkuNameRepeated, SkuCodeTaken."""
    if await count_products(db, shop_id) >= rules.PRODUCTS_PER_SHOP_MAX:
        raise ProductsFull(products_max=rules.PRODUCTS_PER_SHOP_MAX)
    require_leaf(draft.category_key or "")
    written = draft.skus or ()
    foreign = next((sku for sku in written if sku.id is not None), None)
    if foreign is not None:
        raise SkuForeign(sku_id=str(foreign.id))
    refuse_repeated(draft)
    product_id = new_id()
    await insert_products(db, shop_id, [(product_id, draft)])
    await insert_skus(
        db, shop_id, [NewSku(new_id(), product_id, place, sku) for place, sku in enumerate(written)], actor_id
    )
    await place_pictures(db, product_id, draft.picture_ids or (), actor_id)
    return await product(db, product_id)


def refuse_repeated(draft: ProductDraft) -> None:
    """Raises SkuNameRepeated, SkuCodeTaken for names or codes that stand twice in the draft itself."""
    written = draft.skus or ()
    name = rules.repeated([sku.name for sku in written])
    if name is not None:
        raise SkuNameRepeated(name=name)
    code = rules.repeated([sku.code for sku in written if sku.code])
    if code is not None:
        raise SkuCodeTaken(sku_code=code)
