"""Becoming a merchant; furnishing the shop."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, auth
from kaibo.people.merchants.apply import Application, apply_as_merchant
from kaibo.people.merchants.furnish import furnish_shop
from kaibo.people.merchants.lookup import merchants_of
from kaibo.people.wire import MerchantBody, Merchants, MerchantWire, ShopFurnished, ShopPatch

router = APIRouter()


@router.post("/api/merchants", status_code=201, dependencies=[auth.signed_in])
async def apply_for_shop(body: MerchantBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> MerchantWire:
    """Apply with licence data; a reviewer decides."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return MerchantWire.model_validate(seen.response)
        wanted = body.model_dump() | {"category_keys": tuple(body.category_keys)}
        return seen.keep(MerchantWire.of(await apply_as_merchant(db, caller.id, Application(**wanted))))


@router.get("/api/merchants/mine", dependencies=[auth.signed_in])
async def list_my_merchants(db: DbDep, caller: CallerDep) -> Merchants:
    """One's own applications and merchants, newest first."""
    return Merchants(items=[MerchantWire.of(m) for m in await merchants_of(db, caller.id)])


@router.patch("/api/shops/{shop_id}", dependencies=[auth.shop_staff, auth.scope("shop:write")])
async def patch_shop(shop_id: Id, body: ShopPatch, db: DbDep) -> ShopFurnished:
    """The shop's description and picture."""
    view = await furnish_shop(db, shop_id, description=body.description, avatar_picture_id=body.avatar_picture_id)
    return ShopFurnished.of(view)
