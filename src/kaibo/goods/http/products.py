"""A shop's own products and stock."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from kaibo.goods.catalog.change import change_product
from kaibo.goods.catalog.create import create_product
from kaibo.goods.catalog.lookup import product, shop_products, todo
from kaibo.goods.catalog.model import Product
from kaibo.goods.catalog.review import submit_product, withdraw_product
from kaibo.goods.contracts import ProductState
from kaibo.goods.http.shelf import SearchText, shop_of
from kaibo.goods.inventory.adjust import adjust_stock
from kaibo.goods.wire import GoodsTodo, ProductBody, ProductPatch, ShopProduct, StockBody, StockWire, draft_of
from kaibo.kernel.db import Db
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth
from kaibo.people.contracts import ShopId

router = APIRouter()


@router.get("/api/shops/{shop_id}/products", dependencies=[auth.shop_staff, auth.scope("products:read")])
async def list_shop_products(
    shop_id: Id, db: DbDep, page: PageQuery, state: ProductState | None = None, q: SearchText = ""
) -> Page[ShopProduct]:
    """The shop's products in every state, or one, newest first."""
    found = await shop_products(db, shop_id, state=state, q=q, after=page.uuid(0), limit=page.limit + 1)
    shop = await shop_of(db, ShopId(shop_id))
    items = [ShopProduct.of(p, shop) for p in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))


@router.post(
    "/api/shops/{shop_id}/products", status_code=201, dependencies=[auth.shop_staff, auth.scope("products:write")]
)
async def add_product(shop_id: Id, body: ProductBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> ShopProduct:
    """Write a new product; it starts as a draft."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return ShopProduct.model_validate(seen.response)
        return seen.keep(await _wire(db, await create_product(db, shop_id, caller.id, draft_of(body))))


@router.get("/api/shops/{shop_id}/products/{product_id}", dependencies=[auth.shop_staff, auth.scope("products:read")])
async def get_shop_product(shop_id: Id, product_id: Id, db: DbDep) -> ShopProduct:
    """One of the shop's products."""
    return await _wire(db, await product(db, product_id, shop_id=shop_id))


@router.patch(
    "/api/shops/{shop_id}/products/{product_id}", dependencies=[auth.shop_staff, auth.scope("products:write")]
)
async def patch_product(shop_id: Id, product_id: Id, body: ProductPatch, db: DbDep, caller: CallerDep) -> ShopProduct:
    """Edit; what reviewers have seen goes back to them, prices and stock change at once."""
    return await _wire(db, await change_product(db, shop_id, product_id, caller.id, draft_of(body)))


@router.post(
    "/api/shops/{shop_id}/products/{product_id}/submit", dependencies=[auth.shop_staff, auth.scope("products:write")]
)
async def submit_for_review(shop_id: Id, product_id: Id, db: DbDep, caller: CallerDep) -> ShopProduct:
    """Hand the product to the reviewers."""
    return await _wire(db, await submit_product(db, shop_id, product_id, caller.id))


@router.post(
    "/api/shops/{shop_id}/products/{product_id}/withdraw", dependencies=[auth.shop_staff, auth.scope("products:write")]
)
async def withdraw_from_sale(shop_id: Id, product_id: Id, db: DbDep, caller: CallerDep) -> ShopProduct:
    """Take the product off sale."""
    return await _wire(db, await withdraw_product(db, shop_id, product_id, caller.id))


@router.patch("/api/shops/{shop_id}/skus/{sku_id}/stock", dependencies=[auth.shop_staff, auth.scope("products:write")])
async def patch_stock(shop_id: Id, sku_id: Id, body: StockBody, db: DbDep, caller: CallerDep) -> StockWire:
    """Add or take away pieces, with a reason for the record."""
    level = await adjust_stock(db, shop_id, sku_id, body.delta, reason=body.reason, actor_id=caller.id)
    return StockWire(stock=level.stock, held=level.held, available=level.available)


@router.get("/api/shops/{shop_id}/goods-todo", dependencies=[auth.shop_staff, auth.scope("products:read")])
async def get_goods_todo(shop_id: Id, db: DbDep) -> GoodsTodo:
    """How many products wait for review, were refused, or are nearly out of stock."""
    return GoodsTodo(**await todo(db, shop_id))


async def _wire(db: Db, found: Product) -> ShopProduct:
    shop_id: UUID = found.shop_id
    return ShopProduct.of(found, await shop_of(db, ShopId(shop_id)))
