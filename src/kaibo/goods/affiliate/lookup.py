"""Reads of plans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select

from kaibo.goods.affiliate.model import Party, Plan, PlanEntry, ProductRates
from kaibo.goods.affiliate.rules import Segment
from kaibo.goods.affiliate.tables import plan_entries, plan_parties, plan_rates, plans
from kaibo.goods.contracts import ProductId
from kaibo.goods.contracts.affiliate import CampaignId, PlanId, PlanMissing
from kaibo.kernel.db import Db
from kaibo.people.contracts import PersonId, ShopId


def _plans() -> Select[Any]:
    rates, parties = plan_rates, plan_parties
    counted = select(func.count(rates.c.product_id.distinct())).where(rates.c.plan_id == plans.c.id)
    joined = select(func.count()).select_from(parties).where(parties.c.plan_id == plans.c.id)
    accepted = joined.where(parties.c.state == "accepted")
    return select(plans, counted.scalar_subquery().label("products_"), accepted.scalar_subquery().label("parties_"))


def _plan(row: Any) -> Plan:
    return Plan(
        id=PlanId(row.id),
        shop_id=ShopId(row.shop_id),
        owner_id=PersonId(row.owner_id),
        kind=row.kind,
        name=row.name,
        campaign_id=CampaignId(row.campaign_id) if row.campaign_id else None,
        leader_id=PersonId(row.leader_id) if row.leader_id else None,
        leader_bps=row.leader_bps,
        created_at=row.created_at,
        stops_at=row.stops_at,
        products=row.products_,
        parties=row.parties_,
    )


async def plan(db: Db, plan_id: UUID, *, shop_id: UUID | None = None, lock: bool = False) -> Plan:
    """One plan, of this shop where one is named. Raises PlanMissing, also for another shop's."""
    query = _plans().where(plans.c.id == plan_id)
    if shop_id is not None:
        query = query.where(plans.c.shop_id == shop_id)
    row = (await db.execute(query.with_for_update(of=plans) if lock else query)).first()
    if row is None:
        raise PlanMissing(id=str(plan_id))
    return _plan(row)


async def plans_by_id(db: Db, plan_ids: Iterable[UUID]) -> dict[PlanId, Plan]:
    return {PlanId(r.id): _plan(r) for r in await db.execute(_plans().where(plans.c.id.in_(set(plan_ids))))}


async def plans_of_shop(db: Db, shop_id: UUID, *, before: UUID | None, limit: int) -> list[Plan]:
    """A shop's plans, newest first."""
    query = _plans().where(plans.c.shop_id == shop_id).order_by(plans.c.id.desc()).limit(limit)
    return [_plan(row) for row in await db.execute(query.where(plans.c.id < before) if before else query)]


async def rates_of(db: Db, plan_id: UUID, product_ids: Iterable[UUID] | None = None) -> list[ProductRates]:
    """The timelines of a plan's products (or of these), by product."""
    return (await rates_of_plans(db, [plan_id], product_ids)).get(plan_id, [])


async def rates_of_plans(
    db: Db, plan_ids: Iterable[UUID], product_ids: Iterable[UUID] | None = None
) -> dict[UUID, list[ProductRates]]:
    """The same of several plans in one statement; a plan without rates is left out."""
    query = select(plan_rates).where(plan_rates.c.plan_id.in_(set(plan_ids)))
    if product_ids is not None:
        query = query.where(plan_rates.c.product_id.in_(set(product_ids)))
    found: dict[UUID, dict[UUID, list[Segment]]] = {}
    for row in await db.execute(query.order_by(plan_rates.c.product_id, plan_rates.c.valid_from)):
        timeline = found.setdefault(row.plan_id, {}).setdefault(row.product_id, [])
        timeline.append(Segment(row.bps, row.valid_from, row.valid_until))
    return {
        plan_id: [ProductRates(ProductId(p), tuple(timeline)) for p, timeline in its.items()]
        for plan_id, its in found.items()
    }


def _party(row: Any) -> Party:
    return Party(
        plan_id=PlanId(row.plan_id),
        kind=row.party_kind,
        party_id=row.party_id,
        state=row.state,
        invited_at=row.invited_at,
        answered_at=row.answered_at,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


async def parties_of(db: Db, plan_id: UUID) -> list[Party]:
    """Who was invited, newest first."""
    query = select(plan_parties).where(plan_parties.c.plan_id == plan_id).order_by(plan_parties.c.id.desc())
    return [_party(row) for row in await db.execute(query)]


async def invitations_to(db: Db, party_ids: Sequence[UUID], at: datetime) -> list[Party]:
    """Open invitations and accepted plans that still run, newest first; at most 200."""
    t = plan_parties
    query = (
        select(t)
        .join(plans, plans.c.id == t.c.plan_id)
        .where(
            t.c.party_id.in_(party_ids),
            or_(
                t.c.state == "invited",
                and_(t.c.state == "accepted", or_(t.c.valid_until.is_(None), t.c.valid_until > at)),
            ),
            or_(plans.c.stops_at.is_(None), plans.c.stops_at > at),
        )
        .order_by(t.c.id.desc())
        .limit(200)
    )
    return [_party(row) for row in await db.execute(query)]


async def entries_of(db: Db, plan_id: UUID) -> list[PlanEntry]:
    """What was done to a plan, newest first; the last 100."""
    query = select(plan_entries).where(plan_entries.c.plan_id == plan_id).order_by(plan_entries.c.id.desc())
    return [PlanEntry(r.what, r.facts, r.actor_id, r.at) for r in await db.execute(query.limit(100))]
