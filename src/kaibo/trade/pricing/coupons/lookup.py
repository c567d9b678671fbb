"""Reading coupons and claims."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from kaibo.kernel.db import Db
from kaibo.people.contracts import ShopId
from kaibo.trade.orders.tables import orders
from kaibo.trade.pricing.coupons.model import Claim, Coupon, Figures, Pocket, Terms
from kaibo.trade.pricing.coupons.tables import coupon_claims, coupon_uses, coupons
from kaibo.trade.pricing.errors import CouponMissing

WALLET_MAX = 50
"""So many usable coupons of a buyer are tried for one checkout: those that end soonest."""

_CLAIM = [
    coupon_claims.c.id.label("claim_id"),
    coupon_claims.c.state,
    coupon_claims.c.use_from.label("its_use_from"),
    coupon_claims.c.use_until.label("its_use_until"),
    coupon_claims.c.claimed_at,
]
TERMS = tuple(Terms.__dataclass_fields__)


def coupon_of(row: Any) -> Coupon:
    values = {name: getattr(row, name) for name in TERMS}
    terms = Terms(**values | {"scope_ids": tuple(row.scope_ids)})
    shop_id = None if row.shop_id is None else ShopId(row.shop_id)
    return Coupon(row.id, row.funder, shop_id, terms, row.claimed, row.committed_fen, row.stopped_at, row.created_at)


def _claim_of(row: Any) -> Claim:
    return Claim(row.claim_id, coupon_of(row), row.state, row.its_use_from, row.its_use_until, row.claimed_at)


async def coupon(db: Db, coupon_id: UUID, *, shop_id: UUID | None, lock: bool = False) -> Coupon:
    """A coupon of this shop, or of the platform where `shop_id` is None. Raises CouponMissing."""
    query = select(coupons).where(coupons.c.id == coupon_id, coupons.c.shop_id.is_not_distinct_from(shop_id))
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise CouponMissing(coupon_id=str(coupon_id))
    return coupon_of(row)


async def list_coupons(db: Db, shop_id: UUID | None, *, before: UUID | None, limit: int) -> list[Coupon]:
    """Of a shop, or of the platform; newest first."""
    query = select(coupons).where(coupons.c.shop_id.is_not_distinct_from(shop_id))
    if before is not None:
        query = query.where(coupons.c.id < before)
    return [coupon_of(row) for row in await db.execute(query.order_by(coupons.c.id.desc()).limit(limit))]


async def claimable(db: Db, shop_ids: Collection[UUID], *, now: datetime, limit: int) -> list[Coupon]:
    """Coupons that can be claimed now: those of the shops, then the platform's."""
    c = coupons
    whose = or_(c.c.shop_id.is_(None), c.c.shop_id.in_(shop_ids))
    is_open = and_(c.c.claim_from <= now, c.c.claim_until > now, c.c.stopped_at.is_(None), c.c.claimed < c.c.pieces_max)
    left = or_(c.c.budget_fen.is_(None), c.c.committed_fen < c.c.budget_fen)
    query = select(c).where(whose, is_open, left).order_by(c.c.shop_id.is_(None), c.c.id.desc()).limit(limit)
    return [coupon_of(row) for row in await db.execute(query)]


async def claimed_counts(db: Db, buyer_id: UUID, coupon_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many of each coupon this buyer has claimed."""
    if not coupon_ids:
        return {}
    k = coupon_claims.c
    mine = select(k.coupon_id, func.count()).where(k.buyer_id == buyer_id, k.coupon_id.in_(coupon_ids))
    return {row[0]: int(row[1]) for row in await db.execute(mine.group_by(k.coupon_id))}


def _claims() -> Select[Any]:
    return select(coupons, *_CLAIM).join(coupon_claims, coupon_claims.c.coupon_id == coupons.c.id)


async def usable_claims(db: Db, buyer_id: UUID, shop_ids: Iterable[UUID], now: datetime) -> list[Claim]:
    """The buyer's claims that may be used now in these shops, those that end soonest first, at most WALLET_MAX."""
    k = coupon_claims.c
    here = or_(coupons.c.shop_id.is_(None), coupons.c.shop_id.in_(set(shop_ids)))
    now_usable = and_(k.buyer_id == buyer_id, k.state == "usable", k.use_from <= now, k.use_until > now)
    left = or_(coupons.c.budget_fen.is_(None), coupons.c.committed_fen < coupons.c.budget_fen)
    query = _claims().where(now_usable, here, left).order_by(k.use_until, k.id).limit(WALLET_MAX)
    return [_claim_of(row) for row in await db.execute(query)]


async def claims_by_id(db: Db, buyer_id: UUID, claim_ids: Collection[UUID]) -> dict[UUID, Claim]:
    """Those of the claims that are this buyer's, in whatever state."""
    k = coupon_claims.c
    rows = await db.execute(_claims().where(k.buyer_id == buyer_id, k.id.in_(claim_ids)))
    return {row.claim_id: _claim_of(row) for row in rows}


async def pocket(
    db: Db, buyer_id: UUID, which: Pocket, now: datetime, *, before: UUID | None, limit: int
) -> list[Claim]:
    """The buyer's claims of one kind, newest first."""
    k = coupon_claims.c
    kinds: dict[Pocket, ColumnElement[bool]] = {
        "usable": and_(k.state == "usable", k.use_until > now),
        "used": k.state.in_(("held", "spent")),
        "expired": and_(k.state == "usable", k.use_until <= now),
    }
    assert set(kinds) == set(get_args(Pocket))
    query = _claims().where(k.buyer_id == buyer_id, kinds[which])
    if before is not None:
        query = query.where(k.id < before)
    return [_claim_of(row) for row in await db.execute(query.order_by(k.id.desc()).limit(limit))]


async def figures(db: Db, coupon_ids: Collection[UUID]) -> dict[UUID, Figures]:
    """What each coupon brought. A shop's coupon counts what was paid to that shop, a platform's everything."""
    if not coupon_ids:
        return {}
    u, o = coupon_uses.c, orders.c
    paid = (
        select(u.coupon_id, func.sum(o.total_fen).label("fen"))
        .join(coupons, coupons.c.id == u.coupon_id)
        .join(
            orders,
            and_(o.checkout_id == u.checkout_id, or_(coupons.c.shop_id.is_(None), o.shop_id == coupons.c.shop_id)),
        )
        .where(u.coupon_id.in_(coupon_ids), u.state == "spent")
        .group_by(u.coupon_id)
    )
    gmv = {row.coupon_id: int(row.fen) for row in await db.execute(paid)}
    spent = u.state == "spent"
    counted = select(
        u.coupon_id,
        func.count().filter(u.state == "held").label("held"),
        func.count().filter(spent).label("used"),
        func.coalesce(func.sum(u.fen).filter(spent), 0).label("cost_fen"),
    ).where(u.coupon_id.in_(coupon_ids))
    rows = await db.execute(counted.group_by(u.coupon_id))
    return {row.coupon_id: Figures(row.held, row.used, int(row.cost_fen), gmv.get(row.coupon_id, 0)) for row in rows}
