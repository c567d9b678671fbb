"""Agency and creator agree: one proposes, the other answers, either may end it. Every step says who and when."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people.accounts.lookup import person_by_phone
from kaibo.people.accounts.rules import phone_number
from kaibo.people.accounts.standing import note_standing
from kaibo.people.accounts.tables import persons
from kaibo.people.agencies import rules
from kaibo.people.agencies.lookup import agency, agreement, member_count, running
from kaibo.people.agencies.tables import agencies, agency_agreements
from kaibo.people.contracts import NobodyWithPhone, PhoneMalformed
from kaibo.people.contracts.agencies import (
    AgencyMembersFull,
    AgencyNotApproved,
    Agreement,
    AgreementAnswered,
    AgreementMissing,
    MembershipMissing,
    ProposalOpen,
    RealnameNeeded,
    ShareInvalid,
    WithOtherAgency,
)
from kaibo.people.realname.lookup import standing


async def propose(
    db: Db, agency_id: UUID, written_phone: str, *, share_bps: int, notice_days: int, by: UUID
) -> Agreement:
    """Invite the person with this phone, or offer a member other terms.

    Raises AgencyNotApproved, PhoneMalformed, NobodyWithPhone, ShareInvalid, ProposalOpen, AgencyMembersFull.
    """
    if not 0 <= share_bps <= rules.SHARE_BPS_MAX:
        raise ShareInvalid(share_bps=share_bps, bps_max=rules.SHARE_BPS_MAX)
    found = await agency(db, agency_id, lock=True)
    if found.state != "approved":
        raise AgencyNotApproved(state=found.state)
    phone = phone_number(written_phone)
    if phone is None:
        raise PhoneMalformed()
    person_id = await person_by_phone(db, phone)
    if person_id is None:
        raise NobodyWithPhone()
    if await member_count(db, agency_id, clock.now()) >= rules.MEMBERS_PER_AGENCY_MAX:
        raise AgencyMembersFull(members_max=rules.MEMBERS_PER_AGENCY_MAX)
    made = await db.execute(
        insert(agency_agreements)
        .values(
            id=new_id(),
            agency_id=agency_id,
            person_id=person_id,
            share_bps=share_bps,
            notice_days=notice_days,
            state="proposed",
            proposed_by=by,
        )
        .on_conflict_do_nothing()
        .returning(agency_agreements.c.id)
    )
    agreement_id = made.scalar()
    if agreement_id is None:
        raise ProposalOpen()
    await note_standing(
        db, person_id, "agency proposed", actor_id=by, agency_id=agency_id, share_bps=share_bps, notice_days=notice_days
    )
    return await agreement(db, agreement_id)


async def withdraw_proposal(db: Db, agency_id: UUID, agreement_id: UUID, *, by: UUID) -> Agreement:
    """Raises AgreementMissing, AgreementAnswered."""
    found = await _open(db, agreement_id)
    if found.agency_id != agency_id:
        raise AgreementMissing(id=str(agreement_id))
    await _write(db, agreement_id, state="withdrawn", answered_at=clock.now())
    await note_standing(db, found.person_id, "agency proposal withdrawn", actor_id=by, agency_id=agency_id)
    return await agreement(db, agreement_id)


async def answer(db: Db, person_id: UUID, agreement_id: UUID, *, accept: bool) -> Agreement:
    """The creator accepts (in force at once, in place of earlier terms with the same agency) or declines.

    Raises AgreementMissing, AgreementAnswered, RealnameNeeded, WithOtherAgency.
    """
    # The person's row orders two acceptances of one creator.
    await db.execute(select(persons.c.id).where(persons.c.id == person_id).with_for_update())
    found = await _open(db, agreement_id)
    if found.person_id != person_id:
        raise AgreementMissing(id=str(agreement_id))
    now = clock.now()
    if not accept:
        await _write(db, agreement_id, state="declined", answered_at=now)
        await note_standing(db, person_id, "agency declined", actor_id=person_id, agency_id=found.agency_id)
        return await agreement(db, agreement_id)
    if (await standing(db, person_id)).state != "verified":
        raise RealnameNeeded()
    await _end_former(db, found, now)
    await _write(db, agreement_id, state="agreed", answered_at=now, valid_from=now)
    await note_standing(
        db, person_id, "agency agreed", actor_id=person_id, agency_id=found.agency_id, share_bps=found.share_bps
    )
    return await agreement(db, agreement_id)


async def _end_former(db: Db, found: Agreement, now: datetime) -> None:
    """Terms with the same agency are replaced; another agency must have been left first."""
    t = agency_agreements
    query = select(t.c.id, t.c.agency_id, agencies.c.name).join(agencies, agencies.c.id == t.c.agency_id)
    former = (await db.execute(query.where(t.c.person_id == found.person_id, running(now)))).first()
    if former is None:
        return
    if former.agency_id != found.agency_id:
        raise WithOtherAgency(agency_name=former.name)
    await _write(db, former.id, valid_until=now, ended_by=found.person_id)


async def part(db: Db, agency_id: UUID, person_id: UUID, *, by: UUID) -> Agreement:
    """End a running agreement: the creator with the agreed notice, the agency at once. Saying it twice changes nothing.

    Raises MembershipMissing.
    """
    t, now = agency_agreements, clock.now()
    here = (t.c.agency_id == agency_id) & (t.c.person_id == person_id)
    row = (await db.execute(select(t).where(here, running(now)).with_for_update())).first()
    if row is None:
        raise MembershipMissing()
    ends = rules.ends_at(now, row.notice_days, by_agency=by != person_id)
    if row.valid_until is None or ends < row.valid_until:
        await _write(db, row.id, valid_until=ends, ended_by=by)
        await note_standing(
            db, person_id, "agency left", actor_id=by, agency_id=agency_id, valid_until=ends.isoformat()
        )
    return await agreement(db, row.id)


async def _open(db: Db, agreement_id: UUID) -> Agreement:
    found = await agreement(db, agreement_id, lock=True)
    if found.state != "proposed":
        raise AgreementAnswered(state=found.state)
    return found


async def _write(db: Db, agreement_id: UUID, **values: object) -> None:
    await db.execute(update(agency_agreements).where(agency_agreements.c.id == agreement_id).values(**values))
