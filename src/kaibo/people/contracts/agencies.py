"""What people show of agencies (MCN): ids, views, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType
from uuid import UUID

from kaibo.kernel.errors import Conflict, Invalid, NotFound, Refused, refusal
from kaibo.people.contracts import PersonId

AgencyId = NewType("AgencyId", UUID)
AgreementId = NewType("AgreementId", UUID)

AgencyState = Literal["pending", "approved", "refused"]
AgreementState = Literal["proposed", "agreed", "declined", "withdrawn"]


@dataclass(frozen=True)
class AgencyShare:
    """What an agency gets of a creator's commission at an instant: `share_bps` OF the commission."""

    agency_id: AgencyId
    share_bps: int


@dataclass(frozen=True)
class AgencyView:
    """An agency as others may see it."""

    id: AgencyId
    name: str
    owner_id: PersonId
    legal_name: str
    licence_number: str


@dataclass(frozen=True)
class Agreement:
    """A creator's terms with an agency, with who proposed and who answered. `valid_until` None: until somebody leaves."""

    id: AgreementId
    agency_id: AgencyId
    agency_name: str
    person_id: PersonId
    nickname: str
    phone_masked: str
    share_bps: int
    notice_days: int
    state: AgreementState
    proposed_by: PersonId
    proposed_at: datetime
    answered_at: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None
    ended_by: PersonId | None


@refusal
class AgencyMissing(NotFound):
    code = "people.agency_missing"
    id: str


@refusal
class AgencyNameTaken(Conflict):
    code = "people.agency_name_taken"
    name: str


@refusal
class AgencyNotApproved(Refused):
    code = "people.agency_not_approved"
    state: AgencyState


@refusal
class AgenciesFull(Refused):
    code = "people.agencies_full"
    agencies_max: int


@refusal
class AgreementMissing(NotFound):
    code = "people.agreement_missing"
    id: str


@refusal
class AgreementAnswered(Conflict):
    """The proposal was answered or withdrawn before; `state` is what it is now."""

    code = "people.agreement_answered"
    state: AgreementState


@refusal
class ProposalOpen(Conflict):
    """This creator still has an unanswered proposal of this agency."""

    code = "people.proposal_open"


@refusal
class WithOtherAgency(Conflict):
    """A creator has one agency at a time; they are bound to `agency_name` until they have left it."""

    code = "people.with_other_agency"
    agency_name: str


@refusal
class ShareInvalid(Invalid):
    code = "people.share_invalid"
    share_bps: int
    bps_max: int


@refusal
class MembershipMissing(NotFound):
    """There is no running agreement to leave or to end."""

    code = "people.membership_missing"


@refusal
class AgencyMembersFull(Refused):
    code = "people.agency_members_full"
    members_max: int


@refusal
class OwnerStays(Conflict):
    """The owner of an agency can neither be removed from its staff nor given another role."""

    code = "people.owner_stays"


@refusal
class RealnameNeeded(Refused):
    """Only persons whose real name is verified may do this (they will be paid for it)."""

    code = "people.realname_needed"
