"""Agencies: apply, review, represent creators; and the creator's side of it."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.kernel import clock
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth, limited
from kaibo.people.agencies import agree
from kaibo.people.agencies.apply import Application, apply_as_agency, decide_agency
from kaibo.people.agencies.lookup import (
    agencies_by_owner,
    agencies_in,
    agency,
    agreements_of_agency,
    agreements_of_person,
)
from kaibo.people.agencies.staff import add_staff, remove_staff, staff_of
from kaibo.people.agencies.wire import (
    Agencies,
    AgencyBody,
    AgencyWire,
    Agreements,
    AgreementWire,
    AnswerBody,
    ProposalBody,
    StaffList,
    StaffPhone,
    StaffWire,
)
from kaibo.people.contracts.agencies import AgencyState
from kaibo.people.wire import Decision

router = APIRouter(tags=["agencies"])


@router.post("/api/agencies", status_code=201, dependencies=[auth.signed_in])
async def apply_for_agency(body: AgencyBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> AgencyWire:
    """Apply with licence data; a reviewer decides."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return AgencyWire.model_validate(seen.response)
        return seen.keep(AgencyWire.of(await apply_as_agency(db, caller.id, Application(**body.model_dump()))))


@router.get("/api/agencies/mine", dependencies=[auth.signed_in])
async def list_my_agencies(db: DbDep, caller: CallerDep) -> Agencies:
    """One's own applications and agencies, newest first."""
    return Agencies(items=[AgencyWire.of(a) for a in await agencies_by_owner(db, caller.id)])


@router.get("/api/agencies/{agency_id}", dependencies=[auth.agency_staff()])
async def get_agency(agency_id: Id, db: DbDep) -> AgencyWire:
    return AgencyWire.of(await agency(db, agency_id))


@router.get("/api/agencies/{agency_id}/members", dependencies=[auth.agency_staff()])
async def list_members(agency_id: Id, db: DbDep, page: PageQuery) -> Page[AgreementWire]:
    """Every agreement and proposal, newest first; `running` marks those in force."""
    found = await agreements_of_agency(db, agency_id, before=page.uuid(0), limit=page.limit + 1)
    items = [AgreementWire.of(a, clock.now()) for a in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))


@router.post(
    "/api/agencies/{agency_id}/members", status_code=201, dependencies=[auth.agency_staff(), limited("60/minute")]
)
async def propose_terms(
    agency_id: Id, body: ProposalBody, db: DbDep, caller: CallerDep, idem: Idempotent
) -> AgreementWire:
    """Invite a creator by phone, or offer a member other terms; nothing is in force before they accept."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return AgreementWire.model_validate(seen.response)
        made = await agree.propose(
            db, agency_id, body.phone, share_bps=body.share_bps, notice_days=body.notice_days, by=caller.id
        )
        return seen.keep(AgreementWire.of(made, clock.now()))


@router.post("/api/agencies/{agency_id}/proposals/{agreement_id}/withdraw", dependencies=[auth.agency_staff()])
async def withdraw_terms(agency_id: Id, agreement_id: Id, db: DbDep, caller: CallerDep) -> AgreementWire:
    return AgreementWire.of(await agree.withdraw_proposal(db, agency_id, agreement_id, by=caller.id), clock.now())


@router.post("/api/agencies/{agency_id}/members/{person_id}/release", dependencies=[auth.agency_staff()])
async def release_member(agency_id: Id, person_id: Id, db: DbDep, caller: CallerDep) -> AgreementWire:
    """Let a creator go, at once."""
    return AgreementWire.of(await agree.part(db, agency_id, person_id, by=caller.id), clock.now())


@router.get("/api/agencies/{agency_id}/staff", dependencies=[auth.agency_staff()])
async def list_agency_staff(agency_id: Id, db: DbDep) -> StaffList:
    return StaffList(items=[StaffWire.of(s) for s in await staff_of(db, agency_id)])


@router.post(
    "/api/agencies/{agency_id}/staff", status_code=201, dependencies=[auth.agency_staff("owner"), limited("20/minute")]
)
async def add_agency_staff(
    agency_id: Id, body: StaffPhone, db: DbDep, caller: CallerDep, idem: Idempotent
) -> StaffList:
    """The person with this phone becomes a manager."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return StaffList.model_validate(seen.response)
        found = await add_staff(db, agency_id, body.phone, by=caller.id)
        return seen.keep(StaffList(items=[StaffWire.of(s) for s in found]))


@router.delete(
    "/api/agencies/{agency_id}/staff/{person_id}", status_code=204, dependencies=[auth.agency_staff("owner")]
)
async def remove_agency_staff(agency_id: Id, person_id: Id, db: DbDep, caller: CallerDep) -> None:
    await remove_staff(db, agency_id, person_id, by=caller.id)


@router.get("/api/creators/me/agreements", dependencies=[auth.signed_in])
async def list_my_agreements(db: DbDep, caller: CallerDep) -> Agreements:
    """What agencies have proposed to me and what I agreed to, newest first."""
    now = clock.now()
    return Agreements(items=[AgreementWire.of(a, now) for a in await agreements_of_person(db, caller.id)])


@router.post("/api/creators/me/agreements/{agreement_id}", dependencies=[auth.signed_in])
async def answer_agreement(agreement_id: Id, body: AnswerBody, db: DbDep, caller: CallerDep) -> AgreementWire:
    """Accept or decline an agency's proposal."""
    return AgreementWire.of(await agree.answer(db, caller.id, agreement_id, accept=body.accept), clock.now())


@router.post("/api/creators/me/agencies/{agency_id}/leave", dependencies=[auth.signed_in])
async def leave_agency(agency_id: Id, db: DbDep, caller: CallerDep) -> AgreementWire:
    """Leave after the notice that was agreed; `valid_until` says when."""
    return AgreementWire.of(await agree.part(db, agency_id, caller.id, by=caller.id), clock.now())


@router.get("/api/reviews/agencies", dependencies=[auth.platform("reviewer"), auth.scope("platform:read")])
async def list_agency_reviews(db: DbDep, page: PageQuery, state: AgencyState = "pending") -> Page[AgencyWire]:
    """Applications, oldest first."""
    found = await agencies_in(db, state, page.uuid(0), page.limit + 1)
    items = [AgencyWire.of(a) for a in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))


@router.post(
    "/api/reviews/agencies/{agency_id}", dependencies=[auth.platform("reviewer"), auth.scope("platform:write")]
)
async def review_agency(agency_id: Id, body: Decision, db: DbDep, caller: CallerDep) -> AgencyWire:
    """Approve, or refuse with a reason."""
    return AgencyWire.of(await decide_agency(db, caller.id, agency_id, approve=body.approve, reason=body.reason))
