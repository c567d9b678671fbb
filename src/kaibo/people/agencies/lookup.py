"""Reads of agencies and agreements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from kaibo.kernel.db import Db
from kaibo.people.accounts.rules import mask_phone
from kaibo.people.accounts.tables import persons
from kaibo.people.agencies.tables import agencies, agency_agreements
from kaibo.people.contracts import PersonId
from kaibo.people.contracts.agencies import (
    AgencyId,
    AgencyMissing,
    AgencyShare,
    AgencyState,
    AgencyView,
    Agreement,
    AgreementId,
    AgreementMissing,
)


@dataclass(frozen=True)
class Agency:
    """An agency in full: for its owner and for reviewers."""

    id: AgencyId
    owner_id: PersonId
    name: str
    legal_name: str
    licence_number: str
    contact_phone: str
    state: AgencyState
    reason: str | None
    created_at: datetime
    decided_at: datetime | None


def _agency(row: Any) -> Agency:
    return Agency(
        id=AgencyId(row.id),
        owner_id=PersonId(row.owner_id),
        name=row.name,
        legal_name=row.legal_name,
        licence_number=row.licence_number,
        contact_phone=row.contact_phone,
        state=row.state,
        reason=row.reason,
        created_at=row.created_at,
        decided_at=row.decided_at,
    )


async def agency(db: Db, agency_id: UUID, *, lock: bool = False) -> Agency:
    """Raises AgencyMissing."""
    query = select(agencies).where(agencies.c.id == agency_id)
    row = (await db.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise AgencyMissing(id=str(agency_id))
    return _agency(row)


async def agencies_by_owner(db: Db, owner_id: UUID) -> list[Agency]:
    """A person's applications, newest first."""
    query = select(agencies).where(agencies.c.owner_id == owner_id).order_by(agencies.c.id.desc()).limit(100)
    return [_agency(row) for row in await db.execute(query)]


async def agencies_in(db: Db, state: AgencyState, after: UUID | None, limit: int) -> list[Agency]:
    """Applications in a state, oldest first."""
    query = select(agencies).where(agencies.c.state == state).order_by(agencies.c.id).limit(limit)
    return [_agency(row) for row in await db.execute(query.where(agencies.c.id > after) if after else query)]


async def agency_view(db: Db, agency_ids: Iterable[UUID]) -> dict[AgencyId, AgencyView]:
    """The approved agencies among `agency_ids`."""
    a = agencies
    rows = await db.execute(select(a).where(a.c.id.in_(set(agency_ids)), a.c.state == "approved"))
    return {
        AgencyId(r.id): AgencyView(AgencyId(r.id), r.name, PersonId(r.owner_id), r.legal_name, r.licence_number)
        for r in rows
    }


async def agency_by_name(db: Db, name: str) -> AgencyView | None:
    """The approved agency of exactly this name."""
    a = agencies
    found = await db.scalar(select(a.c.id).where(a.c.name == name, a.c.state == "approved"))
    return (await agency_view(db, [found])).get(AgencyId(found)) if found else None


async def agencies_named(db: Db, words: str, limit: int) -> list[AgencyId]:
    """Agencies whose name contains these words, in the order of their names."""
    a = agencies
    query = select(a.c.id).where(a.c.name.icontains(words, autoescape=True)).order_by(a.c.name).limit(limit)
    return [AgencyId(found) for found in (await db.execute(query)).scalars()]


def running(at: datetime) -> ColumnElement[bool]:
    """Agreements in force at an instant."""
    t = agency_agreements
    return and_(t.c.valid_from <= at, or_(t.c.valid_until.is_(None), t.c.valid_until > at))


async def agency_of(db: Db, person_id: UUID, at: datetime) -> AgencyShare | None:
    """The agency that represents this creator at `at`, with its share of the commission. One query by index."""
    t = agency_agreements
    query = select(t.c.agency_id, t.c.share_bps).where(t.c.person_id == person_id, running(at))
    row = (await db.execute(query.order_by(t.c.valid_from.desc()).limit(1))).first()
    return AgencyShare(AgencyId(row.agency_id), row.share_bps) if row else None


def _agreements() -> Select[Any]:
    t = agency_agreements
    return (
        select(t, agencies.c.name.label("agency_name"), persons.c.nickname, persons.c.phone)
        .join(agencies, agencies.c.id == t.c.agency_id)
        .join(persons, persons.c.id == t.c.person_id)
    )


def _agreement(row: Any) -> Agreement:
    return Agreement(
        id=AgreementId(row.id),
        agency_id=AgencyId(row.agency_id),
        agency_name=row.agency_name,
        person_id=PersonId(row.person_id),
        nickname=row.nickname,
        phone_masked=mask_phone(row.phone),
        share_bps=row.share_bps,
        notice_days=row.notice_days,
        state=row.state,
        proposed_by=PersonId(row.proposed_by),
        proposed_at=row.proposed_at,
        answered_at=row.answered_at,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        ended_by=PersonId(row.ended_by) if row.ended_by else None,
    )


async def agreement(db: Db, agreement_id: UUID, *, lock: bool = False) -> Agreement:
    """Raises AgreementMissing."""
    query = _agreements().where(agency_agreements.c.id == agreement_id)
    row = (await db.execute(query.with_for_update(of=agency_agreements) if lock else query)).first()
    if row is None:
        raise AgreementMissing(id=str(agreement_id))
    return _agreement(row)


async def agreements_of_agency(db: Db, agency_id: UUID, *, before: UUID | None, limit: int) -> list[Agreement]:
    """Everything that was ever agreed with or proposed by this agency, newest first."""
    t = agency_agreements
    query = _agreements().where(t.c.agency_id == agency_id).order_by(t.c.id.desc()).limit(limit)
    return [_agreement(row) for row in await db.execute(query.where(t.c.id < before) if before else query)]


async def agreements_of_person(db: Db, person_id: UUID) -> list[Agreement]:
    """A creator's agreements and proposals, newest first; at most 100."""
    t = agency_agreements
    query = _agreements().where(t.c.person_id == person_id).order_by(t.c.id.desc()).limit(100)
    return [_agreement(row) for row in await db.execute(query)]


async def member_count(db: Db, agency_id: UUID, at: datetime) -> int:
    query = select(func.count()).select_from(agency_agreements)
    return await db.scalar(query.where(agency_agreements.c.agency_id == agency_id, running(at))) or 0
