"""Requests and responses about agencies. Shares are basis points OF the creator's commission."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from kaibo.kernel.web import Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.people.agencies import rules
from kaibo.people.agencies.lookup import Agency
from kaibo.people.agencies.staff import AgencyStaff
from kaibo.people.contracts.agencies import AgencyState, Agreement, AgreementState
from kaibo.people.wire import Line, PhoneText


class AgencyBody(Wire):
    name: Annotated[Text, StringConstraints(min_length=2, max_length=rules.NAME_CHARS_MAX)]
    legal_name: Line
    licence_number: Annotated[Text, StringConstraints(min_length=1, max_length=40)]
    contact_phone: PhoneText


class AgencyWire(Wire):
    id: Id
    name: str
    legal_name: str
    licence_number: str
    contact_phone: str
    state: AgencyState
    reason: str | None
    created_at: Instant
    decided_at: Instant | None

    @classmethod
    def of(cls, a: Agency) -> AgencyWire:
        return cls(
            id=a.id,
            name=a.name,
            legal_name=a.legal_name,
            licence_number=a.licence_number,
            contact_phone=a.contact_phone,
            state=a.state,
            reason=a.reason,
            created_at=a.created_at,
            decided_at=a.decided_at,
        )


class Agencies(Wire):
    items: list[AgencyWire]


class ProposalBody(Wire):
    """`share_bps` of the creator's commission; `notice_days` is how long the creator stays bound after giving notice."""

    phone: PhoneText
    share_bps: Annotated[int, Field(strict=True, ge=0, le=rules.SHARE_BPS_MAX)]
    notice_days: Annotated[int, Field(strict=True, ge=0, le=rules.NOTICE_DAYS_MAX)]


class AnswerBody(Wire):
    accept: Annotated[bool, Field(strict=True)]


class AgreementWire(Wire):
    """`running` says whether it is in force now."""

    id: Id
    agency_id: Id
    agency_name: str
    person_id: Id
    nickname: str
    phone_masked: str
    share_bps: int
    notice_days: int
    state: AgreementState
    running: bool
    proposed_at: Instant
    answered_at: Instant | None
    valid_from: Instant | None
    valid_until: Instant | None
    ended_by_creator: bool | None

    @classmethod
    def of(cls, a: Agreement, now: datetime) -> AgreementWire:
        return cls(
            id=a.id,
            agency_id=a.agency_id,
            agency_name=a.agency_name,
            person_id=a.person_id,
            nickname=a.nickname,
            phone_masked=a.phone_masked,
            share_bps=a.share_bps,
            notice_days=a.notice_days,
            state=a.state,
            running=rules.runs(a.valid_from, a.valid_until, now),
            proposed_at=a.proposed_at,
            answered_at=a.answered_at,
            valid_from=a.valid_from,
            valid_until=a.valid_until,
            ended_by_creator=None if a.ended_by is None else a.ended_by == a.person_id,
        )


class Agreements(Wire):
    items: list[AgreementWire]


class StaffPhone(Wire):
    phone: PhoneText


class StaffWire(Wire):
    person_id: Id
    nickname: str
    phone_masked: str
    role: str
    since: Instant

    @classmethod
    def of(cls, s: AgencyStaff) -> StaffWire:
        return cls(person_id=s.person_id, nickname=s.nickname, phone_masked=s.phone_masked, role=s.role, since=s.since)


class StaffList(Wire):
    items: list[StaffWire]
