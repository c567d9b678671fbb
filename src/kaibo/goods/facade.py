"""What other wings may ask of goods."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from kaibo.goods.affiliate.rules import earns
from kaibo.goods.affiliate.showcase import in_showcase
from kaibo.goods.affiliate.slots.contract import close_slot, note_slot_funding, report_pitch_seconds
from kaibo.goods.affiliate.terms import commission_terms, require_may_sell
from kaibo.goods.affiliate.touch import record_touch, touches_of
from kaibo.goods.catalog.categories import categories
from kaibo.goods.catalog.listing import register_listing_check
from kaibo.goods.catalog.promises import lowest_prices
from kaibo.goods.catalog.tables import skus as sku_table
from kaibo.goods.contracts import SkuId, SkuView
from kaibo.goods.exporting.export_products import count_product_rows, product_header, product_rows
from kaibo.goods.inventory.hold import consume, hold, lock_pieces, put_back, release, release_all
from kaibo.goods.inventory.pieces import put_back_pieces, take_pieces
from kaibo.goods.inventory.retake import retake
from kaibo.goods.pictures.lookup import picture_urls, picture_view, require_picture
from kaibo.goods.shelf.cards import on_sale_count, product_cards, quote, quotes_of, require_approved, skus_of
from kaibo.goods.shelf.search import search_cards
from kaibo.goods.windows.rooms import register_rooms
from kaibo.goods.windows.rules import in_room
from kaibo.goods.windows.take import Take, admit_takes, note_takes
from kaibo.kernel.db import Db
from kaibo.people.facade import register_picture_resolver

__all__ = [
    "Take",
    "admit_takes",
    "category_keys",
    "close_slot",
    "commission_terms",
    "consume",
    "count_product_rows",
    "earns",
    "hold",
    "in_room",
    "in_showcase",
    "lock_pieces",
    "lowest_prices",
    "note_slot_funding",
    "note_takes",
    "on_sale_count",
    "picture_view",
    "product_cards",
    "product_header",
    "product_rows",
    "put_back",
    "put_back_pieces",
    "quote",
    "quotes_of",
    "record_touch",
    "register_listing_check",
    "register_rooms",
    "release",
    "release_all",
    "report_pitch_seconds",
    "require_approved",
    "require_may_sell",
    "require_picture",
    "retake",
    "search_cards",
    "skus",
    "skus_of",
    "take_pieces",
    "touches_of",
]

# People stands below and cannot ask for pictures: it is told how.
register_picture_resolver(picture_urls)


def category_keys() -> set[str]:
    """The keys of the categories that products are in (the leaves)."""
    return {category.key for category in categories().values() if category.parent_key is not None}


async def skus(db: Db, sku_ids: Iterable[UUID]) -> dict[SkuId, SkuView]:
    """The SKUs on offer among `sku_ids`."""
    wanted = set(sku_ids)
    its_products = select(sku_table.c.product_id).where(sku_table.c.id.in_(wanted))
    found = await skus_of(db, set((await db.execute(its_products)).scalars()))
    return {sku.id: sku for views in found.values() for sku in views if sku.id in wanted}
