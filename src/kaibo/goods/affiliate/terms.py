"""What a creator earns on products now: the order path's question, answered by two indexed queries whatever the number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select

from kaibo.goods.affiliate import rules
from kaibo.goods.affiliate.tables import plan_parties, plan_rates, plans
from kaibo.goods.catalog.tables import products
from kaibo.goods.contracts import ProductId
from kaibo.goods.contracts.affiliate import CommissionTerms, PlanId, SoldExclusively
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId
from kaibo.people.contracts.agencies import AgencyShare


def offers_at(at: datetime, creator_id: UUID, agency_id: UUID | None) -> Select[Any]:
    """Every plan's rate in force at `at`: product_id, plan_id, kind, bps, leader_id, leader_bps, owner_id, mine, held."""
    r, p = plan_rates, plans
    mine = or_(
        and_(plan_parties.c.party_kind == "creator", plan_parties.c.party_id == creator_id),
        and_(plan_parties.c.party_kind == "agency", plan_parties.c.party_id == agency_id) if agency_id else false(),
    )
    return (
        select(
            r.c.product_id,
            r.c.bps,
            p.c.id.label("plan_id"),
            p.c.kind,
            p.c.leader_id,
            p.c.leader_bps,
            p.c.owner_id,
            _party(at, mine).label("mine"),
            _party(at, None).label("held"),
        )
        .join(p, p.c.id == r.c.plan_id)
        .where(
            r.c.valid_from <= at,
            or_(r.c.valid_until.is_(None), r.c.valid_until > at),
            or_(p.c.stops_at.is_(None), p.c.stops_at > at),
        )
    )


def _party(at: datetime, which: ColumnElement[bool] | None) -> ColumnElement[bool]:
    t = plan_parties
    running = and_(
        t.c.plan_id == plans.c.id, t.c.valid_from <= at, or_(t.c.valid_until.is_(None), t.c.valid_until > at)
    )
    return exists().where(running if which is None else and_(running, which))


async def commission_terms(
    db: Db, *, creator_id: PersonId, product_ids: Sequence[ProductId], at: datetime
) -> dict[ProductId, CommissionTerms]:
    """The terms of every product that exists among `product_ids`; where no plan says otherwise the product's own rate."""
    agency = await people.agency_of(db, creator_id, at)
    offers = offers_at(at, creator_id, agency.agency_id if agency else None).subquery()
    rows = await db.execute(
        select(products.c.id, products.c.commission_bps, offers)
        .outerjoin(offers, offers.c.product_id == products.c.id)
        .where(products.c.id.in_(set(product_ids)))
    )
    own: dict[UUID, int] = {}
    found: dict[UUID, list[rules.Offer]] = {}
    for row in rows:
        own[row.id] = row.commission_bps
        found.setdefault(row.id, [])
        if row.plan_id is not None:
            found[row.id].append(_offer(row))
    return {ProductId(p): _terms(own[p], rules.choose(offers_, creator_id), agency) for p, offers_ in found.items()}


def _offer(row: Any) -> rules.Offer:
    return rules.Offer(
        plan_id=row.plan_id,
        kind=row.kind,
        bps=row.bps,
        mine=row.mine,
        held=row.held,
        owner_id=row.owner_id,
        leader_id=row.leader_id,
        leader_bps=row.leader_bps,
    )


def _terms(own_bps: int, chosen: rules.Chosen, agency: AgencyShare | None) -> CommissionTerms:
    if not chosen.may_sell:
        return CommissionTerms(commission_bps=0, may_sell=False)
    offer = chosen.offer
    return CommissionTerms(
        commission_bps=offer.bps if offer else own_bps,
        plan_id=PlanId(offer.plan_id) if offer else None,
        agency_id=agency.agency_id if agency else None,
        agency_bps=agency.share_bps if agency else 0,
        leader_id=PersonId(offer.leader_id) if offer and offer.leader_id else None,
        leader_bps=offer.leader_bps if offer else 0,
    )


async def require_may_sell(db: Db, creator_id: PersonId, product_ids: Iterable[UUID], at: datetime) -> None:
    """Raises SoldExclusively for the first product that somebody else has exclusively."""
    wanted = [ProductId(p) for p in product_ids]
    terms = await commission_terms(db, creator_id=creator_id, product_ids=wanted, at=at)
    for product_id in wanted:
        if product_id in terms and not terms[product_id].may_sell:
            title = await db.scalar(select(products.c.title).where(products.c.id == product_id))
            raise SoldExclusively(product_id=product_id, title=title or "")
