"""Plans and invitations as the wire shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from kaibo.goods.affiliate import rules
from kaibo.goods.affiliate.limits import rate_limits
from kaibo.goods.affiliate.lookup import entries_of, parties_of, plans_by_id, rates_of_plans
from kaibo.goods.affiliate.model import Party, Plan, ProductRates
from kaibo.goods.affiliate.wire import (
    EntryWire,
    InvitationWire,
    PartyWire,
    PlanFull,
    PlanProductWire,
    PlanWire,
    SegmentWire,
    running,
)
from kaibo.goods.catalog.tables import products
from kaibo.goods.contracts import ProductCard
from kaibo.goods.shelf.cards import product_cards
from kaibo.goods.wire import ProductCardWire
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId
from kaibo.people.contracts.agencies import AgencyId


async def plan_wires(db: Db, found: Sequence[Plan]) -> list[PlanWire]:
    leaders = await people.person_view(db, {p.leader_id for p in found if p.leader_id})
    return [PlanWire.of(p, leaders[p.leader_id].nickname if p.leader_id in leaders else None) for p in found]


async def plan_products(db: Db, plan_ids: Iterable[UUID], now: datetime) -> dict[UUID, list[PlanProductWire]]:
    """The products that have, or will have, a rate in each plan; what is over is left out."""
    rates = {
        plan_id: [its for its in found if any(s.end is None or s.end > now for s in its.timeline)]
        for plan_id, found in (await rates_of_plans(db, plan_ids)).items()
    }
    wanted = {its.product_id for found in rates.values() for its in found}
    cards = await product_cards(db, wanted)
    rows = await db.execute(select(products.c.id, products.c.category_key).where(products.c.id.in_(wanted)))
    limits = {row.id: rate_limits(row.category_key) for row in rows}
    return {
        plan_id: [_plan_product(its, cards[its.product_id], limits[its.product_id], now) for its in found]
        for plan_id, found in rates.items()
    }


def _plan_product(its: ProductRates, card: ProductCard, limits: tuple[int, int], now: datetime) -> PlanProductWire:
    return PlanProductWire(
        product=ProductCardWire.of(card),
        bps_now=rules.rate_at(its.timeline, now),
        own_bps=card.commission_bps,
        bps_min=limits[0],
        bps_max=limits[1],
        timeline=[SegmentWire(bps=s.bps, start=s.start, end=s.end) for s in its.timeline],
    )


async def party_wires(db: Db, parties: Iterable[Party], now: datetime) -> list[PartyWire]:
    found = list(parties)
    persons = await people.person_view(db, {p.party_id for p in found if p.kind == "creator"})
    agencies = await people.agency_view(db, {p.party_id for p in found if p.kind == "agency"})
    made = []
    for party in found:
        person = persons.get(PersonId(party.party_id))
        agency = agencies.get(AgencyId(party.party_id))
        made.append(
            PartyWire(
                kind=party.kind,
                id=party.party_id,
                name=person.nickname if person else agency.name if agency else "",
                phone_masked=person.phone_masked if person else "",
                state=party.state,
                running=running(party.valid_from, party.valid_until, now),
                invited_at=party.invited_at,
                answered_at=party.answered_at,
                valid_from=party.valid_from,
                valid_until=party.valid_until,
            )
        )
    return made


async def plan_full(db: Db, plan: Plan, now: datetime) -> PlanFull:
    """A plan with its products, parties and history."""
    entries = await entries_of(db, plan.id)
    actors = await people.person_view(db, {e.actor_id for e in entries})
    return PlanFull(
        plan=(await plan_wires(db, [plan]))[0],
        products=(await plan_products(db, [plan.id], now)).get(plan.id, []),
        parties=await party_wires(db, await parties_of(db, plan.id), now),
        entries=[
            EntryWire.of(e, actors[PersonId(e.actor_id)].nickname if PersonId(e.actor_id) in actors else "")
            for e in entries
        ],
        next_midnight=rules.next_midnight(now),
    )


async def invitation_wires(db: Db, parties: Sequence[Party], now: datetime) -> list[InvitationWire]:
    plans = await plans_by_id(db, {p.plan_id for p in parties})
    shops = await people.shop_view(db, {p.shop_id for p in plans.values()})
    wires = {w.id: w for w in await plan_wires(db, list(plans.values()))}
    its = await plan_products(db, plans, now)
    return [
        InvitationWire(
            plan=wires[party.plan_id],
            shop_id=plans[party.plan_id].shop_id,
            shop_name=shops[plans[party.plan_id].shop_id].name,
            party_kind=party.kind,
            party_id=party.party_id,
            state=party.state,
            invited_at=party.invited_at,
            valid_from=party.valid_from,
            products=its.get(party.plan_id, []),
        )
        for party in parties
    ]
