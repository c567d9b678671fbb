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
from kaibo.kernel.errors import BadCursor
from kaibo.kernel.web import Cursor, encode_cursor


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
    after = after_id(cursor)
    if after is not None:
        query = query.where(products.c.id < after)
    ids = list((await db.execute(query.limit(cursor.limit + 1))).scalars())
    cards = await product_cards(db, ids[: cursor.limit])
    items = [cards[ProductId(found)] for found in ids[: cursor.limit]]
    return CardPage(items, encode_cursor(str(items[-1].id)) if len(ids) > cursor.limit else None)


def after_id(cursor: Cursor) -> UUID | None:
    """The id after which the page begins. Raises BadCursor where the cursor is not of such a list."""
    text = cursor.text(0)
    try:
        return UUID(text) if text is not None else None
    except ValueError as wrong:
        raise BadCursor(cursor=str(text)[:40]) from wrong
