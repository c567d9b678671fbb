"""Who works for an agency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from kaibo.kernel.db import Db
from kaibo.people.accounts.grant import grant_role, take_roles
from kaibo.people.accounts.lookup import person_by_phone
from kaibo.people.accounts.rules import mask_phone, phone_number
from kaibo.people.accounts.tables import grants, persons
from kaibo.people.agencies import rules
from kaibo.people.contracts import NobodyWithPhone, PersonId, PhoneMalformed
from kaibo.people.contracts.agencies import AgencyMembersFull, MembershipMissing, OwnerStays


@dataclass(frozen=True)
class AgencyStaff:
    person_id: PersonId
    nickname: str
    phone_masked: str
    role: str
    since: datetime


async def staff_of(db: Db, agency_id: UUID) -> list[AgencyStaff]:
    """The owner first, then by time of joining."""
    rows = await db.execute(
        select(grants, persons.c.nickname, persons.c.phone)
        .join(persons, persons.c.id == grants.c.person_id)
        .where(grants.c.scope_kind == "agency", grants.c.scope_id == agency_id)
        .order_by(grants.c.role != "owner", grants.c.created_at, grants.c.id)
    )
    return [AgencyStaff(PersonId(r.person_id), r.nickname, mask_phone(r.phone), r.role, r.created_at) for r in rows]


async def add_staff(db: Db, agency_id: UUID, written_phone: str, *, by: UUID) -> list[AgencyStaff]:
    """Make the person with this phone a manager. Raises PhoneMalformed, NobodyWithPhone, OwnerStays, AgencyMembersFull."""
    phone = phone_number(written_phone)
    if phone is None:
        raise PhoneMalformed()
    person_id = await person_by_phone(db, phone)
    if person_id is None:
        raise NobodyWithPhone()
    role = await _role(db, agency_id, person_id)
    if role == "owner":
        raise OwnerStays()
    here = (grants.c.scope_kind == "agency") & (grants.c.scope_id == agency_id)
    if (await db.scalar(select(func.count()).select_from(grants).where(here)) or 0) >= rules.STAFF_PER_AGENCY_MAX:
        raise AgencyMembersFull(members_max=rules.STAFF_PER_AGENCY_MAX)
    await grant_role(db, person_id, "manager", "agency", agency_id, granted_by=by)
    return await staff_of(db, agency_id)


async def remove_staff(db: Db, agency_id: UUID, person_id: UUID, *, by: UUID) -> None:
    """Raises MembershipMissing, OwnerStays."""
    role = await _role(db, agency_id, person_id)
    if role is None:
        raise MembershipMissing()
    if role == "owner":
        raise OwnerStays()
    await take_roles(db, person_id, "agency", agency_id, actor_id=by)


async def _role(db: Db, agency_id: UUID, person_id: UUID) -> str | None:
    here = (grants.c.scope_kind == "agency") & (grants.c.scope_id == agency_id) & (grants.c.person_id == person_id)
    found: str | None = await db.scalar(select(grants.c.role).where(here))
    return found
