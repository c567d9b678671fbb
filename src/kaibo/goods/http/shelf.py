"""What buyers see: categories, the shelf, a product, a shop."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kaibo.goods.catalog.categories import categories
from kaibo.goods.catalog.lookup import count_products, product
from kaibo.goods.catalog.rules import SEARCH_CHARS_MAX
from kaibo.goods.contracts import ProductMissing
from kaibo.goods.shelf.cards import skus_of
from kaibo.goods.shelf.search import search_cards
from kaibo.goods.wire import Categories, CategoryWire, ProductCardWire, ProductWire, Shop, ShopMerchant
from kaibo.kernel.db import Db
from kaibo.kernel.web import CallerDep, DbDep, Id, Page, PageQuery, auth
from kaibo.kernel.web.wire import Text
from kaibo.people import facade as people
from kaibo.people.contracts import ShopId, ShopMissing, ShopView

router = APIRouter()

SearchText = Annotated[Text, Query(max_length=SEARCH_CHARS_MAX)]


@router.get("/api/categories", dependencies=[auth.public])
async def list_categories(caller: CallerDep) -> Categories:
    """The whole tree, each parent before its leaves, in the reader's language."""
    return Categories(
        items=[
            CategoryWire(key=c.key, name=c.name(caller.locale), parent_key=c.parent_key) for c in categories().values()
        ]
    )


@router.get("/api/shelf", dependencies=[auth.public])
async def list_shelf(
    db: DbDep,
    page: PageQuery,
    q: SearchText = "",
    category: Annotated[Text | None, Query(max_length=40)] = None,
    shop_id: Id | None = None,
) -> Page[ProductCardWire]:
    """Products on sale, newest first; every word of `q` must be found in the title, its pinyin, or the initials of that."""
    found = await search_cards(db, q, page, shop_id=shop_id, category_key=category)
    return Page(items=[ProductCardWire.of(card) for card in found.items], next_cursor=found.next_cursor)


@router.get("/api/products/{product_id}", dependencies=[auth.public])
async def get_product(product_id: Id, db: DbDep, caller: CallerDep) -> ProductWire:
    """A product on sale; one that is not is shown to its shop and to reviewers only."""
    found = await product(db, product_id)
    insider = caller.has("shop", found.shop_id) or caller.has("platform", None)
    if found.state != "approved" and not insider:
        raise ProductMissing(id=str(product_id))
    on_offer = (await skus_of(db, [product_id])).get(found.id, [])
    return ProductWire.of(found, await shop_of(db, found.shop_id), on_offer)


@router.get("/api/shops/{shop_id}", dependencies=[auth.public])
async def get_shop(shop_id: Id, db: DbDep) -> Shop:
    """A shop, with the legal person behind it."""
    view = await shop_of(db, ShopId(shop_id))
    return Shop(
        id=view.id,
        name=view.name,
        avatar_url=view.avatar_url,
        merchant=ShopMerchant(legal_name=view.legal_name, licence_number=view.licence_number, address=view.address),
        product_count=await count_products(db, shop_id, approved_only=True),
        description=view.description,
    )


async def shop_of(db: Db, shop_id: ShopId) -> ShopView:
    """Raises ShopMissing."""
    found = (await people.shop_view(db, [shop_id])).get(shop_id)
    if found is None:
        raise ShopMissing(id=str(shop_id))
    return found
