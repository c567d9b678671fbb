"""Coupons over HTTP: buyers claim them, shops and the platform issue them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth, limited
from kaibo.people import facade as people
from kaibo.trade.pricing.coupons import lookup, rules
from kaibo.trade.pricing.coupons.claim import claim_coupon
from kaibo.trade.pricing.coupons.issue import extend_coupon, issue_coupon
from kaibo.trade.pricing.coupons.model import Claim, Coupon, Figures, Pocket
from kaibo.trade.pricing.wire import (
    CouponIn,
    CouponMore,
    Coupons,
    CouponWire,
    GivenCoupon,
    MyCoupon,
    claim_wire,
    coupon_wire,
    given_wire,
)

router = APIRouter(tags=["coupons"])

CLAIMABLE_MAX = 50
ShopIds = Annotated[Sequence[Id], Query(max_length=20)]
ProductIds = Annotated[Sequence[Id], Query(max_length=200)]


@router.get("/api/coupons", dependencies=[auth.public])
async def claimable_coupons(
    db: DbDep, caller: CallerDep, shop_id: ShopIds = (), product_id: ProductIds = ()
) -> Coupons:
    """What can be claimed now: coupons of the shops named, or of the shops of the products named, then the platform's."""
    cards = await goods.product_cards(db, product_id)
    shops = {*shop_id, *(card.shop_id for card in cards.values())}
    found = await lookup.claimable(db, shops, now=clock.now(), limit=CLAIMABLE_MAX)
    mine = await lookup.claimed_counts(db, caller.id, [one.id for one in found]) if caller.person_id else {}
    return Coupons(items=await _shown(db, found, mine))


@router.post("/api/coupons/{coupon_id}/claim", status_code=201, dependencies=[auth.signed_in, limited("60/minute")])
async def claim(coupon_id: Id, db: DbDep, caller: CallerDep, idem: Idempotent) -> MyCoupon:
    async with idem.guard(db, caller, None) as seen:
        if seen.response is not None:
            return MyCoupon.model_validate(seen.response)
        claimed = await claim_coupon(db, coupon_id, caller.id)
        return seen.keep((await _mine(db, [claimed], caller.id, caller.locale))[0])


@router.get("/api/coupons/mine", dependencies=[auth.signed_in])
async def my_coupons(db: DbDep, caller: CallerDep, page: PageQuery, state: Pocket = "usable") -> Page[MyCoupon]:
    """The caller's claims, newest first. One that an unpaid order holds is among the used, and says so."""
    found = await lookup.pocket(db, caller.id, state, clock.now(), before=page.uuid(0), limit=page.limit + 1)
    items = await _mine(db, found[: page.limit], caller.id, caller.locale)
    return Page(items=items, next_cursor=page.next(found))


@router.get("/api/shops/{shop_id}/coupons", dependencies=[auth.shop_staff, auth.scope("products:read")])
async def shop_coupons(shop_id: Id, db: DbDep, page: PageQuery) -> Page[GivenCoupon]:
    return await _given_page(db, shop_id, page)


@router.post(
    "/api/shops/{shop_id}/coupons", status_code=201, dependencies=[auth.shop_staff, auth.scope("products:write")]
)
async def issue_shop_coupon(shop_id: Id, body: CouponIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> GivenCoupon:
    """The merchant gives: it lowers what the buyer pays, and with it the base of commissions and platform fee."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return GivenCoupon.model_validate(seen.response)
        return seen.keep(await _given(db, await issue_coupon(db, body.terms(), shop_id=shop_id, actor_id=caller.id)))


@router.patch("/api/shops/{shop_id}/coupons/{coupon_id}", dependencies=[auth.shop_staff, auth.scope("products:write")])
async def extend_shop_coupon(shop_id: Id, coupon_id: Id, body: CouponMore, db: DbDep) -> GivenCoupon:
    return await _given(db, await extend_coupon(db, coupon_id, shop_id=shop_id, **dict(body)))


@router.get("/api/operator/coupons", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def platform_coupons(db: DbDep, page: PageQuery) -> Page[GivenCoupon]:
    return await _given_page(db, None, page)


@router.post(
    "/api/operator/coupons", status_code=201, dependencies=[auth.platform("operator"), auth.scope("platform:write")]
)
async def issue_platform_coupon(body: CouponIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> GivenCoupon:
    """The platform gives, and owes the merchants what it takes off."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return GivenCoupon.model_validate(seen.response)
        return seen.keep(await _given(db, await issue_coupon(db, body.terms(), shop_id=None, actor_id=caller.id)))


@router.patch(
    "/api/operator/coupons/{coupon_id}", dependencies=[auth.platform("operator"), auth.scope("platform:write")]
)
async def extend_platform_coupon(coupon_id: Id, body: CouponMore, db: DbDep) -> GivenCoupon:
    return await _given(db, await extend_coupon(db, coupon_id, shop_id=None, **dict(body)))


async def _shown(db: Db, found: Sequence[Coupon], mine: dict[UUID, int]) -> list[CouponWire]:
    now, names = clock.now(), await _names(db, found)
    return [
        coupon_wire(one, rules.state_of(one, now), shop_name=names.get(one.shop_id), mine=mine.get(one.id, 0))
        for one in found
    ]


async def _mine(db: Db, claims: Sequence[Claim], buyer_id: UUID, locale: Locale) -> list[MyCoupon]:
    now = clock.now()
    counts = await lookup.claimed_counts(db, buyer_id, [one.coupon.id for one in claims])
    shown = await _shown(db, [one.coupon for one in claims], counts)
    return [
        claim_wire(one, coupon, rules.pocket_of(one, now), rules.why_unusable(one, now), locale)
        for one, coupon in zip(claims, shown, strict=True)
    ]


async def _given_page(db: Db, shop_id: UUID | None, page: PageQuery) -> Page[GivenCoupon]:
    found = await lookup.list_coupons(db, shop_id, before=page.uuid(0), limit=page.limit + 1)
    shown = found[: page.limit]
    figures = await lookup.figures(db, [one.id for one in shown])
    names, now = await _names(db, shown), clock.now()
    items = [
        given_wire(one, rules.state_of(one, now), figures.get(one.id, Figures()), names.get(one.shop_id))
        for one in shown
    ]
    return Page(items=items, next_cursor=page.next(found))


async def _given(db: Db, one: Coupon) -> GivenCoupon:
    figures = (await lookup.figures(db, [one.id])).get(one.id, Figures())
    return given_wire(one, rules.state_of(one, clock.now()), figures, (await _names(db, [one])).get(one.shop_id))


async def _names(db: Db, found: Sequence[Coupon]) -> dict[UUID | None, str]:
    shops = await people.shop_view(db, {one.shop_id for one in found if one.shop_id is not None})
    return {shop_id: shop.name for shop_id, shop in shops.items()}
