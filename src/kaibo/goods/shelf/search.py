"""Find products on the shelf."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from kaibo.goods.catalog.categories import leaves_below
from kaibo.goods.catalog.rules import search_words
from kaibo.goods.catalog.tables import products
from kaibo.goods.contracts import CardPage, ProductId
from kaibo.goods.shelf.cards import product_cards
from kaibo.kernel.db import Db
from kaibo.kernel.web import Cursor


async def search_cards(
    db: Db, q: str, cursor: Cursor, *, shop_id: UUID | None = None, category_key: str | None = None
) -> CardPage:
    """Approved products whose title (or its pinyin) contains every word of `q`, newest first.

    Raises CategoryUnknown, BadCursor.
    """
    query = select(products.c.id).where(products.c.state == "approved").order_by(products.c.id.desc())
    if shop_id is not None:
        query = query.where(products.c.shop_id == shop_id)
    if category_key is not None:
        query = query.where(products.c.category_key.in_(leaves_below(category_key)))
    for word in search_words(q):
        query = query.where(products.c.search_text.contains(word, autoescape=True))
    after = cursor.uuid(0)
    if after is not None:
        query = query.where(products.c.id < after)
    ids = list((await db.execute(query.limit(cursor.limit + 1))).scalars())
    cards = await product_cards(db, ids[: cursor.limit])
    items = [cards[ProductId(found)] for found in ids[: cursor.limit]]
    return CardPage(items, cursor.next(ids, str))
