"""What the people wing shows to others: ids, views, events, refusals. Times are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, NewType
from uuid import UUID

from kaibo.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refused, TooMany, Unauthenticated, refusal
from kaibo.kernel.events import Event

PersonId = NewType("PersonId", UUID)
AddressId = NewType("AddressId", UUID)
MerchantId = NewType("MerchantId", UUID)
ShopId = NewType("ShopId", UUID)
RealnameId = NewType("RealnameId", UUID)

RoomRole = Literal["host", "cohost", "moderator", "runner"]
ShopRole = Literal["owner", "manager", "staff"]
PlatformRole = Literal["operator", "reviewer"]
RealnameState = Literal["none", "pending", "verified", "stale", "refused"]
MerchantState = Literal["pending", "approved", "refused"]


@dataclass(frozen=True)
class PersonView:
    """A person as others may see them; the phone is masked (138****1234), empty where there is none."""

    id: PersonId
    nickname: str
    phone_masked: str
    avatar_url: str | None
    deleted: bool


@dataclass(frozen=True)
class ShopView:
    """A shop with the legal person behind it (E-commerce Law art. 15: licence information shown to buyers)."""

    id: ShopId
    name: str
    avatar_url: str | None
    description: str
    merchant_id: MerchantId
    owner_id: PersonId
    legal_name: str
    licence_number: str
    address: str


@dataclass(frozen=True)
class AddressView:
    """A delivery address. `district` is empty where a city has none (Dongguan, Zhongshan …)."""

    id: AddressId
    name: str
    phone: str
    phone_masked: str
    province: str
    city: str
    district: str
    detail: str
    is_default: bool


@dataclass(frozen=True)
class CrewMember:
    person_id: PersonId
    nickname: str
    role: RoomRole
    phone_masked: str
    since: datetime


@dataclass(frozen=True)
class StaffCreated:
    """A new staff account; `totp_secret` is base32 and is shown this once only."""

    person_id: PersonId
    username: str
    totp_secret: str
    provisioning_uri: str


@dataclass(frozen=True, kw_only=True)
class MerchantApproved(Event):
    subject: ClassVar[str] = "people.merchant.approved"
    merchant_id: UUID
    shop_id: UUID
    owner_id: UUID

    @property
    def aggregate_id(self) -> str:
        return str(self.merchant_id)


@dataclass(frozen=True, kw_only=True)
class MerchantRefused(Event):
    subject: ClassVar[str] = "people.merchant.refused"
    merchant_id: UUID
    owner_id: UUID
    reason: str

    @property
    def aggregate_id(self) -> str:
        return str(self.merchant_id)


@dataclass(frozen=True, kw_only=True)
class RealnameDecided(Event):
    """A person's real name was verified or refused."""

    subject: ClassVar[str] = "people.realname.decided"
    person_id: UUID
    state: str
    reason: str

    @property
    def aggregate_id(self) -> str:
        return str(self.person_id)


@dataclass(frozen=True, kw_only=True)
class CrewChanged(Event):
    """Someone joined, changed role in, or left (role None) the crew of a room."""

    subject: ClassVar[str] = "people.crew.changed"
    room_id: UUID
    person_id: UUID
    role: str | None

    @property
    def aggregate_id(self) -> str:
        return str(self.room_id)


@dataclass(frozen=True, kw_only=True)
class PersonDeleted(Event):
    """An account was closed at its owner's wish (PIPL art. 47); forget what no law makes you keep."""

    subject: ClassVar[str] = "people.person.deleted"
    person_id: UUID

    @property
    def aggregate_id(self) -> str:
        return str(self.person_id)


@refusal
class PhoneMalformed(Invalid):
    code = "people.phone_malformed"


@refusal
class TermsNotAgreed(Invalid):
    code = "people.terms_not_agreed"


@refusal
class CodeTooSoon(TooMany):
    code = "people.code_too_soon"
    retry_after_seconds: int


@refusal
class CodesUsedUp(TooMany):
    """Too many codes for this phone (`per` = "phone") or from this address (`per` = "ip")."""

    code = "people.codes_used_up"
    per: str
    retry_after_seconds: int


@refusal
class CodeWrong(Unauthenticated):
    code = "people.code_wrong"
    tries_left: int


@refusal
class CodeExpired(Unauthenticated):
    """There is no code that could still be used: never asked for, expired, used, or five wrong tries."""

    code = "people.code_expired"


@refusal
class StaffLoginWrong(Unauthenticated):
    """Deliberately silent about which of name, password and TOTP was wrong."""

    code = "people.staff_login_wrong"


@refusal
class StaffLocked(TooMany):
    code = "people.staff_locked"
    retry_after_seconds: int


@refusal
class UsernameTaken(Conflict):
    code = "people.username_taken"
    username: str


@refusal
class StaffInvalid(Invalid):
    """A staff account could not be made; `problem` says which rule was broken."""

    code = "people.staff_invalid"
    problem: str


@refusal
class NicknameInvalid(Invalid):
    code = "people.nickname_invalid"
    chars_max: int


@refusal
class AccountInUse(Conflict):
    """The account cannot be deleted yet; `because` lists reason keys such as "open_orders", "owns_shop"."""

    code = "people.account_in_use"
    because: list[str]


@refusal
class AddressMissing(NotFound):
    code = "people.address_missing"
    id: str


@refusal
class AddressInvalid(Invalid):
    """`field` is the member that is wrong: province, city …; `value` what was sent."""

    code = "people.address_invalid"
    field: str
    value: str


@refusal
class AddressesFull(Refused):
    code = "people.addresses_full"
    addresses_max: int


@refusal
class LicenceMalformed(Invalid):
    """Not a unified social credit code (GB 32100-2015)."""

    code = "people.licence_malformed"
    licence_number: str


@refusal
class LicenceTaken(Conflict):
    code = "people.licence_taken"
    licence_number: str


@refusal
class ShopNameTaken(Conflict):
    code = "people.shop_name_taken"
    shop_name: str


@refusal
class MerchantsFull(Refused):
    code = "people.merchants_full"
    merchants_max: int


@refusal
class MerchantMissing(NotFound):
    code = "people.merchant_missing"
    id: str


@refusal
class ShopMissing(NotFound):
    code = "people.shop_missing"
    id: str


@refusal
class AlreadyDecided(Conflict):
    """The application was decided before; `state` is what it is now."""

    code = "people.already_decided"
    state: str


@refusal
class ReasonMissing(Invalid):
    code = "people.reason_missing"


@refusal
class NameMalformed(Invalid):
    """Not a name as it stands on an identity card."""

    code = "people.name_malformed"


@refusal
class IdNumberMalformed(Invalid):
    """Not a citizen identity number (GB 11643-1999)."""

    code = "people.id_number_malformed"


@refusal
class BirthDiffers(Invalid):
    code = "people.birth_differs"


@refusal
class TooYoung(Refused):
    code = "people.too_young"
    years_min: int


@refusal
class GuardianNeeded(Refused):
    """16 and 17-year-olds need a guardian's consent (Protection of Minors Law art. 76)."""

    code = "people.guardian_needed"


@refusal
class IdentityTaken(Conflict):
    code = "people.identity_taken"


@refusal
class RealnameUnderReview(Conflict):
    code = "people.realname_under_review"


@refusal
class RealnameMissing(NotFound):
    code = "people.realname_missing"
    id: str


@refusal
class RealnameFresh(Conflict):
    """Already verified and not due for renewal before `renew_from`."""

    code = "people.realname_fresh"
    renew_from: str


@refusal
class OwnCase(Forbidden):
    """A reviewer may not decide about themselves."""

    code = "people.own_case"


@refusal
class NobodyWithPhone(NotFound):
    code = "people.nobody_with_phone"


@refusal
class CrewFull(Refused):
    code = "people.crew_full"
    crew_max: int


@refusal
class HostStays(Conflict):
    """The host can neither be removed from the room nor given another role."""

    code = "people.host_stays"


@refusal
class CrewMemberMissing(NotFound):
    code = "people.crew_member_missing"
    id: str


@refusal
class OnlyFromHere(NotFound):
    """/local pages answer to this machine only."""

    code = "people.only_from_here"
