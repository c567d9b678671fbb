"""A merchant's plans, and the invitations that creators and agencies answer."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from kaibo.goods.affiliate.invite import agency_named, answer_invitation, creator_named, invite, remove_party
from kaibo.goods.affiliate.lookup import invitations_to, parties_of, plan, plans_of_shop
from kaibo.goods.affiliate.present import invitation_wires, plan_full, plan_wires
from kaibo.goods.affiliate.set_rates import open_plan, set_rate, stop_plan
from kaibo.goods.affiliate.wire import (
    InvitationAnswer,
    Invitations,
    InviteBody,
    PlanBody,
    PlanFull,
    PlanWire,
    RateBody,
)
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.web import Caller, CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth, limited
from kaibo.people.contracts import ShopId

router = APIRouter(tags=["affiliate"])


@router.get("/api/shops/{shop_id}/plans", dependencies=[auth.shop_staff, auth.scope("affiliate:read")])
async def list_plans(shop_id: Id, db: DbDep, page: PageQuery) -> Page[PlanWire]:
    """The shop's plans, newest first."""
    found = await plans_of_shop(db, shop_id, before=page.uuid(0), limit=page.limit + 1)
    items = await plan_wires(db, found[: page.limit])
    return Page(items=items, next_cursor=page.next(found))


@router.post(
    "/api/shops/{shop_id}/plans", status_code=201, dependencies=[auth.shop_staff, auth.scope("affiliate:write")]
)
async def add_plan(shop_id: Id, body: PlanBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> PlanFull:
    """A new plan, without products yet."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return PlanFull.model_validate(seen.response)
        made = await open_plan(db, ShopId(shop_id), body.kind, body.name, by=caller.id)
        return seen.keep(await plan_full(db, made, clock.now()))


@router.get("/api/shops/{shop_id}/plans/{plan_id}", dependencies=[auth.shop_staff, auth.scope("affiliate:read")])
async def get_plan(shop_id: Id, plan_id: Id, db: DbDep) -> PlanFull:
    return await plan_full(db, await plan(db, plan_id, shop_id=shop_id), clock.now())


@router.post(
    "/api/shops/{shop_id}/plans/{plan_id}/rates", dependencies=[auth.shop_staff, auth.scope("affiliate:write")]
)
async def set_plan_rate(shop_id: Id, plan_id: Id, body: RateBody, db: DbDep, caller: CallerDep) -> PlanFull:
    """A rise counts at once; what lowers a creator's earnings counts from the next midnight (Asia/Shanghai)."""
    changed = await set_rate(
        db, shop_id, plan_id, body.product_ids, body.bps, start=body.start, end=body.end, by=caller.id
    )
    return await plan_full(db, changed, clock.now())


@router.post("/api/shops/{shop_id}/plans/{plan_id}/stop", dependencies=[auth.shop_staff, auth.scope("affiliate:write")])
async def stop_selling_plan(shop_id: Id, plan_id: Id, db: DbDep, caller: CallerDep) -> PlanFull:
    """The plan ends at the next midnight (Asia/Shanghai)."""
    return await plan_full(db, await stop_plan(db, shop_id, plan_id, by=caller.id), clock.now())


@router.post(
    "/api/shops/{shop_id}/plans/{plan_id}/invitations",
    dependencies=[auth.shop_staff, auth.scope("affiliate:write"), limited("60/minute")],
)
async def invite_party(shop_id: Id, plan_id: Id, body: InviteBody, db: DbDep, caller: CallerDep) -> PlanFull:
    """Invite a creator, or an agency with all whom it represents. Nothing is in force before they accept."""
    if body.agency_name is not None:
        await invite(db, shop_id, plan_id, "agency", await agency_named(db, body.agency_name), by=caller.id)
    else:
        creator_id = await creator_named(db, phone=body.phone, creator_id=body.creator_id)
        await invite(db, shop_id, plan_id, "creator", creator_id, by=caller.id)
    return await plan_full(db, await plan(db, plan_id), clock.now())


@router.delete(
    "/api/shops/{shop_id}/plans/{plan_id}/invitations/{party_id}",
    dependencies=[auth.shop_staff, auth.scope("affiliate:write")],
)
async def remove_plan_party(shop_id: Id, plan_id: Id, party_id: Id, db: DbDep, caller: CallerDep) -> PlanFull:
    """An open invitation goes at once; an accepted party is out from the next midnight."""
    await remove_party(db, shop_id, plan_id, party_id, by=caller.id)
    return await plan_full(db, await plan(db, plan_id), clock.now())


@router.get("/api/creators/me/invitations", dependencies=[auth.signed_in, auth.scope("affiliate:read")])
async def list_my_invitations(db: DbDep, caller: CallerDep) -> Invitations:
    """Invitations to me and to the agencies I work for, and the plans that came of them."""
    now = clock.now()
    found = await invitations_to(db, [caller.id, *_agencies(caller)], now)
    return Invitations(items=await invitation_wires(db, found, now))


@router.post("/api/creators/me/invitations/{plan_id}", dependencies=[auth.signed_in, auth.scope("affiliate:write")])
async def answer_my_invitation(plan_id: Id, body: InvitationAnswer, db: DbDep, caller: CallerDep) -> Invitations:
    """Accept or decline, for myself or, where the agency was invited, as its staff."""
    party_id = await _invited(db, plan_id, caller)
    await answer_invitation(db, plan_id, party_id, accept=body.accept, by=caller.id)
    return await list_my_invitations(db, caller)


async def _invited(db: Db, plan_id: UUID, caller: Caller) -> UUID:
    """Which of the caller's hats the plan invited; the person first."""
    hats = [caller.id, *_agencies(caller)]
    there = {p.party_id for p in await parties_of(db, plan_id)}
    return next((hat for hat in hats if hat in there), caller.id)


def _agencies(caller: Caller) -> list[UUID]:
    return [g.scope_id for g in caller.grants if g.scope_kind == "agency" and g.scope_id is not None]
