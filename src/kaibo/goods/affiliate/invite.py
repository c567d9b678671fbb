"""Invitations into targeted and exclusive plans, and their answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.goods.affiliate import rules
from kaibo.goods.affiliate.lookup import parties_of, rates_of
from kaibo.goods.affiliate.model import Party, Plan
from kaibo.goods.affiliate.record import note_plan
from kaibo.goods.affiliate.set_rates import refuse_second_exclusive, running_plan
from kaibo.goods.affiliate.tables import plan_parties
from kaibo.goods.contracts.affiliate import (
    AgencyUnknown,
    CreatorUnknown,
    InvitationAnswered,
    InvitationMissing,
    PartyKind,
    PlanPartiesFull,
    PlanTakesNobody,
)
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId
from kaibo.people.contracts.agencies import RealnameNeeded


async def creator_named(db: Db, *, phone: str | None, creator_id: UUID | None) -> UUID:
    """The person with this phone or this id (from their showcase's address). Raises CreatorUnknown."""
    if creator_id is not None:
        person = (await people.person_view(db, [creator_id])).get(PersonId(creator_id))
        if person is None or person.deleted:
            raise CreatorUnknown()
        return creator_id
    number = people.phone_number(phone or "")
    found = await people.person_by_phone(db, number) if number else None
    if found is None:
        raise CreatorUnknown()
    return found


async def agency_named(db: Db, name: str) -> UUID:
    """Raises AgencyUnknown."""
    found = await people.agency_by_name(db, name)
    if found is None:
        raise AgencyUnknown(name=name)
    return found.id


async def invite(db: Db, shop_id: UUID, plan_id: UUID, kind: PartyKind, party_id: UUID, *, by: UUID) -> list[Party]:
    """Invite a creator or an agency; somebody who declined or was removed may be invited again.

    Raises PlanMissing, PlanStopped, PlanTakesNobody, PlanPartiesFull, ExclusiveTaken.
    """
    found = await running_plan(db, plan_id, shop_id=shop_id)
    now = clock.now()
    there = await parties_of(db, plan_id)
    _check_room(found, there, party_id, now)
    t = plan_parties
    row = insert(t).values(plan_id=plan_id, party_kind=kind, party_id=party_id, state="invited", invited_by=by)
    again = {
        "state": "invited",
        "invited_by": by,
        "invited_at": now,
        "answered_by": None,
        "answered_at": None,
        "valid_from": None,
        "valid_until": None,
    }
    over = (t.c.state == "declined") | (t.c.valid_until <= now)
    await db.execute(row.on_conflict_do_update(index_elements=["plan_id", "party_id"], set_=again, where=over))
    if found.kind == "exclusive":
        await refuse_second_exclusive(db, plan_id, [UUID(str(r.product_id)) for r in await rates_of(db, plan_id)])
    await note_plan(db, plan_id, "invited", by, party_kind=kind, party_id=party_id)
    return await parties_of(db, plan_id)


def _check_room(plan: Plan, there: list[Party], party_id: UUID, now: datetime) -> None:
    living = [p for p in there if p.state == "invited" or (p.state == "accepted" and not _over(p, now))]
    others = [p for p in living if p.party_id != party_id]
    if plan.kind == "open" or (plan.kind == "exclusive" and others):
        raise PlanTakesNobody(kind=plan.kind)
    if len(others) >= rules.PARTIES_PER_PLAN_MAX:
        raise PlanPartiesFull(parties_max=rules.PARTIES_PER_PLAN_MAX)


def _over(party: Party, now: datetime) -> bool:
    return party.valid_until is not None and party.valid_until <= now


async def answer_invitation(db: Db, plan_id: UUID, party_id: UUID, *, accept: bool, by: UUID) -> None:
    """Accept or decline. An exclusive begins at the next midnight, for it takes from others what they could sell today.

    Raises PlanMissing, PlanStopped, InvitationMissing, InvitationAnswered, RealnameNeeded.
    """
    found = await running_plan(db, plan_id)
    t, now = plan_parties, clock.now()
    here = (t.c.plan_id == plan_id) & (t.c.party_id == party_id)
    row = (await db.execute(select(t).where(here))).first()
    if row is None:
        raise InvitationMissing()
    if row.state != "invited":
        raise InvitationAnswered(state=row.state)
    if accept and await people.realname_state(db, by) != "verified":
        raise RealnameNeeded()
    begins = rules.next_midnight(now) if found.kind == "exclusive" else now
    values = {"state": "accepted", "valid_from": begins} if accept else {"state": "declined"}
    await db.execute(update(t).where(here).values(**values, answered_by=by, answered_at=now))
    await note_plan(db, plan_id, "accepted" if accept else "declined", by, party_id=party_id)


async def remove_party(db: Db, shop_id: UUID, plan_id: UUID, party_id: UUID, *, by: UUID) -> list[Party]:
    """Take an invitation back at once, an accepted party out at the next midnight. Raises PlanMissing, InvitationMissing."""
    await running_plan(db, plan_id, shop_id=shop_id)
    t, now = plan_parties, clock.now()
    here = (t.c.plan_id == plan_id) & (t.c.party_id == party_id)
    row = (await db.execute(select(t).where(here))).first()
    if row is None or row.state == "declined":
        raise InvitationMissing()
    if row.state == "invited":
        await db.execute(update(t).where(here).values(state="declined", answered_by=by, answered_at=now))
    elif row.valid_until is None:
        ends = max(rules.next_midnight(now), row.valid_from)
        await db.execute(update(t).where(here).values(valid_until=ends))
    await note_plan(db, plan_id, "removed", by, party_id=party_id)
    return await parties_of(db, plan_id)
