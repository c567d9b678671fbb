"""Reviewers decide what may be sold."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.goods.catalog.lookup import products_in_review
from kaibo.goods.catalog.review import decide_product
from kaibo.goods.contracts import ProductState
from kaibo.goods.http.shelf import shop_of
from kaibo.goods.wire import ProductDecision, ShopProduct
from kaibo.kernel.web import CallerDep, DbDep, Id, Page, PageQuery, auth
from kaibo.people import facade as people

router = APIRouter()


@router.get("/api/reviews/products", dependencies=[auth.platform("reviewer"), auth.scope("platform:read")])
async def list_product_reviews(db: DbDep, page: PageQuery, state: ProductState = "pending") -> Page[ShopProduct]:
    """Products in a state over all shops, oldest first."""
    found = await products_in_review(db, state, after=page.uuid(0), limit=page.limit + 1)
    shops = await people.shop_view(db, {p.shop_id for p in found})
    items = [ShopProduct.of(p, shops[p.shop_id]) for p in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))


@router.post(
    "/api/reviews/products/{product_id}", dependencies=[auth.platform("reviewer"), auth.scope("platform:write")]
)
async def review_product(product_id: Id, body: ProductDecision, db: DbDep, caller: CallerDep) -> ShopProduct:
    """Approve, or refuse with a reason."""
    decided = await decide_product(db, caller, product_id, approve=body.approve, reason=body.reason)
    return ShopProduct.of(decided, await shop_of(db, decided.shop_id))
