"""Apply to become an agency, and decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people.accounts.grant import grant_role, name_scope
from kaibo.people.accounts.rules import phone_number
from kaibo.people.accounts.standing import note_standing
from kaibo.people.accounts.tables import persons
from kaibo.people.agencies import rules
from kaibo.people.agencies.lookup import Agency, agency
from kaibo.people.agencies.tables import agencies
from kaibo.people.contracts import (
    AlreadyDecided,
    LicenceMalformed,
    LicenceTaken,
    OwnCase,
    PhoneMalformed,
    ReasonMissing,
)
from kaibo.people.contracts.agencies import AgenciesFull, AgencyNameTaken
from kaibo.people.merchants.rules import licence_number


@dataclass(frozen=True)
class Application:
    name: str
    legal_name: str
    licence_number: str
    contact_phone: str


async def apply_as_agency(db: Db, owner_id: UUID, wanted: Application) -> Agency:
    """Record an application for a reviewer.

    Raises LicenceMalformed, LicenceTaken, PhoneMalformed, AgencyNameTaken, AgenciesFull.
    """
    licence, phone = licence_number(wanted.licence_number), phone_number(wanted.contact_phone)
    if licence is None:
        raise LicenceMalformed(licence_number=wanted.licence_number)
    if phone is None:
        raise PhoneMalformed()
    await db.execute(select(persons.c.id).where(persons.c.id == owner_id).with_for_update())
    living = select(func.count()).select_from(agencies).where(agencies.c.owner_id == owner_id)
    if (await db.scalar(living.where(agencies.c.state != "refused")) or 0) >= rules.AGENCIES_PER_PERSON_MAX:
        raise AgenciesFull(agencies_max=rules.AGENCIES_PER_PERSON_MAX)
    taken = select(agencies.c.id).where(agencies.c.name == wanted.name, agencies.c.state != "refused")
    if await db.scalar(taken):
        raise AgencyNameTaken(name=wanted.name)
    agency_id = new_id()
    made = await db.execute(
        insert(agencies)
        .values(
            id=agency_id,
            owner_id=owner_id,
            name=wanted.name,
            legal_name=wanted.legal_name,
            licence_number=licence,
            contact_phone=phone,
            state="pending",
        )
        .on_conflict_do_nothing()
        .returning(agencies.c.id)
    )
    if made.first() is None:
        raise LicenceTaken(licence_number=licence)
    await note_standing(db, owner_id, "agency applied", actor_id=owner_id, agency_id=agency_id)
    return await agency(db, agency_id)


async def decide_agency(db: Db, reviewer_id: UUID, agency_id: UUID, *, approve: bool, reason: str) -> Agency:
    """Approve (the owner gets the role) or refuse with a reason. Raises AgencyMissing, AlreadyDecided, OwnCase, ReasonMissing."""
    found = await agency(db, agency_id, lock=True)
    if found.state != "pending":
        raise AlreadyDecided(state=found.state)
    if found.owner_id == reviewer_id:
        raise OwnCase()
    if not approve and not reason:
        raise ReasonMissing()
    state = "approved" if approve else "refused"
    decided = {"state": state, "reason": reason or None, "decided_by": reviewer_id, "decided_at": clock.now()}
    await db.execute(update(agencies).where(agencies.c.id == agency_id).values(**decided))
    if approve:
        await grant_role(db, found.owner_id, "owner", "agency", agency_id, granted_by=reviewer_id)
        await name_scope(db, "agency", agency_id, found.name)
    await note_standing(db, found.owner_id, f"agency {state}", actor_id=reviewer_id, why=reason, agency_id=agency_id)
    return await agency(db, agency_id)
