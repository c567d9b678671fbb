"""A merchant opens a plan, sets the rates of its products, stops it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update

from kaibo.goods.affiliate import rules
from kaibo.goods.affiliate.limits import rate_limits
from kaibo.goods.affiliate.lookup import plan, rates_of
from kaibo.goods.affiliate.model import Plan
from kaibo.goods.affiliate.record import note_plan
from kaibo.goods.affiliate.tables import plan_parties, plan_rates, plans
from kaibo.goods.catalog.tables import products
from kaibo.goods.contracts import ProductId, ProductMissing
from kaibo.goods.contracts.affiliate import (
    CampaignId,
    ExclusiveTaken,
    PlanKind,
    PlanProductsFull,
    PlansFull,
    PlanStopped,
    RateOutOfRange,
    RatePeriodInvalid,
)
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId, ShopId, ShopMissing


@dataclass(frozen=True)
class Recruited:
    """The leader's campaign that a plan came from."""

    campaign_id: CampaignId
    leader_id: PersonId
    leader_bps: int


async def open_plan(
    db: Db, shop_id: ShopId, kind: PlanKind, name: str, *, by: UUID, recruited: Recruited | None = None
) -> Plan:
    """A new plan without products. Raises ShopMissing, PlansFull."""
    shop = (await people.shop_view(db, [shop_id])).get(shop_id)
    if shop is None:
        raise ShopMissing(id=str(shop_id))
    living = or_(plans.c.stops_at.is_(None), plans.c.stops_at > clock.now())
    count = await db.scalar(select(func.count()).select_from(plans).where(plans.c.shop_id == shop_id, living))
    if (count or 0) >= rules.PLANS_PER_SHOP_MAX:
        raise PlansFull(plans_max=rules.PLANS_PER_SHOP_MAX)
    plan_id = new_id()
    values: dict[str, Any] = {"id": plan_id, "shop_id": shop_id, "owner_id": shop.owner_id, "kind": kind, "name": name}
    await db.execute(plans.insert().values(**values, created_by=by, **(vars(recruited) if recruited else {})))
    await note_plan(db, plan_id, "created", by, kind=kind, name=name)
    return await plan(db, plan_id)


async def set_rate(
    db: Db,
    shop_id: UUID,
    plan_id: UUID,
    product_ids: Sequence[UUID],
    bps: int | None,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    by: UUID,
) -> Plan:
    """Give these products a rate in the plan (None: take them out), as `rules.change` says when.

    Raises PlanMissing, PlanStopped, ProductMissing, RateOutOfRange, RatePeriodInvalid, PlanProductsFull, ExclusiveTaken.
    """
    found, now = await running_plan(db, plan_id, shop_id=shop_id), clock.now()
    if end is not None and (end <= now or (start is not None and end <= start)):
        raise RatePeriodInvalid()
    its = await _lock_products(db, shop_id, product_ids)
    if bps is not None:
        for row in its.values():
            low, high = rate_limits(row.category_key)
            if not low <= bps <= high:
                raise RateOutOfRange(product_id=ProductId(row.id), bps=bps, bps_min=low, bps_max=high)
    before = {rates.product_id: rates.timeline for rates in await rates_of(db, plan_id, its)}
    if found.products + len(set(its) - {UUID(str(p)) for p in before}) > rules.PRODUCTS_PER_PLAN_MAX:
        raise PlanProductsFull(products_max=rules.PRODUCTS_PER_PLAN_MAX)
    for product_id, row in its.items():
        fallback = row.commission_bps if found.kind == "open" else -1
        timeline = before.get(ProductId(product_id), ())
        after = rules.change(timeline, bps, now=now, start=start, end=end, fallback_bps=fallback)
        await _write(db, plan_id, product_id, timeline, after)
        await note_plan(
            db, plan_id, "rate_set", by, product_id=product_id, title=row.title, bps=bps, start=start, end=end
        )
    if found.kind == "exclusive":
        await refuse_second_exclusive(db, plan_id, list(its))
    return await plan(db, plan_id)


async def running_plan(db: Db, plan_id: UUID, *, shop_id: UUID | None = None) -> Plan:
    """The plan, locked. Raises PlanMissing, PlanStopped."""
    found = await plan(db, plan_id, shop_id=shop_id, lock=True)
    if found.stops_at is not None:
        raise PlanStopped()
    return found


async def _lock_products(db: Db, shop_id: UUID, product_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """The shop's products, locked in the order of their ids so that two exclusive plans cannot pass each other."""
    query = select(products).where(products.c.id.in_(set(product_ids)), products.c.shop_id == shop_id)
    rows = (await db.execute(query.order_by(products.c.id).with_for_update(key_share=True))).all()
    its = {row.id: row for row in rows}
    for product_id in product_ids:
        if product_id not in its:
            raise ProductMissing(id=str(product_id))
    return its


async def _write(
    db: Db, plan_id: UUID, product_id: UUID, before: Sequence[rules.Segment], after: Sequence[rules.Segment]
) -> None:
    here = (plan_rates.c.plan_id == plan_id) & (plan_rates.c.product_id == product_id)
    kept = {s.start: s for s in after}
    there = {s.start: s for s in before}
    gone = [start for start, segment in there.items() if start not in kept or kept[start].bps != segment.bps]
    if gone:
        await db.execute(delete(plan_rates).where(here, plan_rates.c.valid_from.in_(gone)))
    for start, segment in kept.items():
        if start in there and start not in gone:
            if there[start].end != segment.end:
                await db.execute(
                    update(plan_rates).where(here, plan_rates.c.valid_from == start).values(valid_until=segment.end)
                )
            continue
        values = {"bps": segment.bps, "valid_from": segment.start, "valid_until": segment.end}
        await db.execute(plan_rates.insert().values(plan_id=plan_id, product_id=product_id, **values))


async def refuse_second_exclusive(db: Db, plan_id: UUID, product_ids: Sequence[UUID]) -> None:
    """Raises ExclusiveTaken where another exclusive plan with a party covers one of the products at the same time."""
    mine, other, theirs = plan_rates.alias("mine"), plans.alias("other"), plan_rates.alias("theirs")
    now = clock.now()
    party = select(plan_parties.c.id).where(
        plan_parties.c.plan_id == other.c.id,
        or_(
            plan_parties.c.state == "invited",
            and_(
                plan_parties.c.state == "accepted",
                or_(plan_parties.c.valid_until.is_(None), plan_parties.c.valid_until > now),
            ),
        ),
    )
    query = (
        select(products.c.id, products.c.title)
        .join(mine, mine.c.product_id == products.c.id)
        .join(theirs, theirs.c.product_id == products.c.id)
        .join(other, other.c.id == theirs.c.plan_id)
        .where(
            mine.c.plan_id == plan_id,
            products.c.id.in_(product_ids),
            other.c.id != plan_id,
            other.c.kind == "exclusive",
            or_(other.c.stops_at.is_(None), other.c.stops_at > now),
            party.exists(),
            or_(mine.c.valid_until.is_(None), mine.c.valid_until > theirs.c.valid_from),
            or_(theirs.c.valid_until.is_(None), theirs.c.valid_until > mine.c.valid_from),
            or_(theirs.c.valid_until.is_(None), theirs.c.valid_until > now),
        )
    )
    row = (await db.execute(query.limit(1))).first()
    if row is not None:
        raise ExclusiveTaken(product_id=ProductId(row.id), title=row.title)


async def stop_plan(db: Db, shop_id: UUID, plan_id: UUID, *, by: UUID) -> Plan:
    """The plan ends at the next midnight in China. Stopping it twice changes nothing. Raises PlanMissing."""
    found = await plan(db, plan_id, shop_id=shop_id, lock=True)
    if found.stops_at is None:
        stops_at = rules.next_midnight(clock.now())
        await db.execute(update(plans).where(plans.c.id == plan_id).values(stops_at=stops_at))
        await note_plan(db, plan_id, "stopped", by, stops_at=stops_at.isoformat())
    return await plan(db, plan_id)
