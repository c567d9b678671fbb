"""Samples: what a merchant offers, what a creator asks for, and the steps of both."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kaibo.goods.affiliate.samples.ask import ask_for_sample, offer_samples, step_sample, stop_samples
from kaibo.goods.affiliate.samples.lookup import list_samples, offers_of_shop
from kaibo.goods.affiliate.samples.present import offer_wires, sample_wires
from kaibo.goods.affiliate.samples.wire import (
    CreatorStepBody,
    SampleBody,
    SampleOfferBody,
    SampleOffers,
    SampleWire,
    ShopStepBody,
)
from kaibo.goods.contracts.samples import SampleState
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth, limited
from kaibo.people.contracts import PersonId

router = APIRouter(tags=["affiliate"])

States = Annotated[list[SampleState], Query(max_length=10)]


@router.get("/api/shops/{shop_id}/sample-offers", dependencies=[auth.shop_staff, auth.scope("affiliate:read")])
async def list_sample_offers(shop_id: Id, db: DbDep) -> SampleOffers:
    """The products this shop gives samples of."""
    return SampleOffers(items=await offer_wires(db, await offers_of_shop(db, shop_id)))


@router.put(
    "/api/shops/{shop_id}/sample-offers/{product_id}", dependencies=[auth.shop_staff, auth.scope("affiliate:write")]
)
async def put_sample_offer(
    shop_id: Id, product_id: Id, body: SampleOfferBody, db: DbDep, caller: CallerDep
) -> SampleOffers:
    """Offer samples of a product, or change the terms."""
    await offer_samples(db, shop_id, product_id, **body.model_dump(), by=caller.id)
    return await list_sample_offers(shop_id, db)


@router.delete(
    "/api/shops/{shop_id}/sample-offers/{product_id}", dependencies=[auth.shop_staff, auth.scope("affiliate:write")]
)
async def stop_sample_offer(shop_id: Id, product_id: Id, db: DbDep) -> SampleOffers:
    """Offer no more; samples under way go on."""
    await stop_samples(db, shop_id, product_id)
    return await list_sample_offers(shop_id, db)


@router.get("/api/shops/{shop_id}/samples", dependencies=[auth.shop_staff, auth.scope("affiliate:read")])
async def list_shop_samples(
    shop_id: Id,
    db: DbDep,
    page: PageQuery,
    state: States = [],  # noqa: B006
) -> Page[SampleWire]:
    """What creators asked this shop for, newest first; `state` may be repeated."""
    found = await list_samples(db, shop_id=shop_id, states=state, before=page.uuid(0), limit=page.limit + 1)
    items = await sample_wires(db, found[: page.limit], "shop")
    return Page(items=items, next_cursor=page.next(found))


@router.post(
    "/api/shops/{shop_id}/samples/{sample_id}/steps", dependencies=[auth.shop_staff, auth.scope("affiliate:write")]
)
async def step_shop_sample(shop_id: Id, sample_id: Id, body: ShopStepBody, db: DbDep, caller: CallerDep) -> SampleWire:
    """Approve, refuse, ship, take back, or let the creator keep it."""
    changed = await step_sample(db, sample_id, actor="shop", actor_id=caller.id, shop_id=shop_id, **body.model_dump())
    return (await sample_wires(db, [changed], "shop"))[0]


@router.get("/api/creators/me/samples", dependencies=[auth.signed_in, auth.scope("affiliate:read")])
async def list_my_samples(db: DbDep, caller: CallerDep, page: PageQuery) -> Page[SampleWire]:
    """My samples, newest first."""
    found = await list_samples(db, creator_id=caller.id, before=page.uuid(0), limit=page.limit + 1)
    items = await sample_wires(db, found[: page.limit], "creator")
    return Page(items=items, next_cursor=page.next(found))


@router.post(
    "/api/creators/me/samples",
    status_code=201,
    dependencies=[auth.signed_in, auth.scope("affiliate:write"), limited("30/minute")],
)
async def ask_sample(body: SampleBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> SampleWire:
    """Ask a merchant for a sample of a product that is offered."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return SampleWire.model_validate(seen.response)
        made = await ask_for_sample(
            db, PersonId(caller.id), body.product_id, address_id=body.address_id, message=body.message
        )
        return seen.keep((await sample_wires(db, [made], "creator"))[0])


@router.post("/api/creators/me/samples/{sample_id}/steps", dependencies=[auth.signed_in, auth.scope("affiliate:write")])
async def step_my_sample(sample_id: Id, body: CreatorStepBody, db: DbDep, caller: CallerDep) -> SampleWire:
    """Withdraw, confirm that it came, or send it back."""
    changed = await step_sample(
        db, sample_id, actor="creator", actor_id=caller.id, creator_id=caller.id, **body.model_dump()
    )
    return (await sample_wires(db, [changed], "creator"))[0]
