"""A buyer takes a coupon. One conditional UPDATE counts it, so that no more are claimed than there are."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import exists, func, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.orders.tables import orders
from kaibo.trade.pricing.coupons import rules
from kaibo.trade.pricing.coupons.followers import follows_seller
from kaibo.trade.pricing.coupons.lookup import claims_by_id, coupon_of
from kaibo.trade.pricing.coupons.model import Claim, Coupon
from kaibo.trade.pricing.coupons.tables import coupon_claims, coupons
from kaibo.trade.pricing.errors import CouponMissing, CouponNotClaimable


async def claim_coupon(db: Db, coupon_id: UUID, buyer_id: UUID) -> Claim:
    """One piece more for this buyer. Raises CouponMissing, CouponNotClaimable."""
    now = clock.now()
    row = (await db.execute(select(coupons).where(coupons.c.id == coupon_id))).one_or_none()
    if row is None:
        raise CouponMissing(coupon_id=str(coupon_id))
    found = coupon_of(row)
    if (state := rules.state_of(found, now)) != "open":
        raise _not_now(found, state)
    if found.terms.audience == "new_buyer" and await _has_bought(db, buyer_id, found):
        raise _not_now(found, "audience")
    if found.terms.audience == "follower" and not await follows_seller(db, buyer_id, found.shop_id):
        raise _not_now(found, "not_following")
    c = coupons
    took = (
        update(c)
        .where(c.c.id == coupon_id, c.c.claimed < c.c.pieces_max, c.c.stopped_at.is_(None), c.c.claim_until > now)
        .values(claimed=c.c.claimed + 1)
        .returning(c.c.id)
    )
    if (await db.execute(took)).first() is None:
        raise _not_now(found, "gone")
    # The coupon's row is locked from here to the commit: two taps of one buyer cannot both pass the limit.
    k = coupon_claims.c
    mine = select(func.count()).where(k.coupon_id == coupon_id, k.buyer_id == buyer_id)
    had = int(await db.scalar(mine) or 0)
    if had >= found.terms.per_buyer_limit:
        raise _not_now(found, "limit")
    use_from, use_until = rules.use_window(found.terms, now)
    claim_id = new_id()
    new = {"id": claim_id, "coupon_id": coupon_id, "buyer_id": buyer_id, "ordinal": had + 1, "state": "usable"}
    await db.execute(
        coupon_claims.insert().values(new | {"use_from": use_from, "use_until": use_until, "claimed_at": now})
    )
    return (await claims_by_id(db, buyer_id, [claim_id]))[claim_id]


def _not_now(found: Coupon, why: str) -> CouponNotClaimable:
    return CouponNotClaimable(coupon_id=str(found.id), title=found.terms.title, why=[why])


async def _has_bought(db: Db, buyer_id: UUID, found: Coupon) -> bool:
    o = orders.c
    bought = (o.buyer_id == buyer_id) & o.paid_at.is_not(None)
    if found.shop_id is not None:
        bought &= o.shop_id == found.shop_id
    return bool(await db.scalar(select(exists().where(bought))))
