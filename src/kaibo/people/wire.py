"""Requests and responses of the people wing. Ids are strings, times RFC 3339 UTC."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kaibo.kernel.i18n import Locale
from kaibo.kernel.web import Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.people.contracts import AddressView, CrewMember, MerchantState, RealnameState, RoomRole, ShopView
from kaibo.people.merchants.lookup import Merchant
from kaibo.people.realname.lookup import Submission
from kaibo.people.realname.rules import Standing

StrictBool = Annotated[bool, Field(strict=True)]
PhoneText = Annotated[Text, StringConstraints(min_length=1, max_length=24)]
Line = Annotated[Text, StringConstraints(min_length=1, max_length=60)]
Reason = Annotated[Text, StringConstraints(max_length=300)]
CategoryKey = Annotated[Text, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class LoginCodesBody(Wire):
    phone: PhoneText


class LoginCodesWire(Wire):
    expires_in_seconds: int
    retry_after_seconds: int


class LoginBody(Wire):
    phone: PhoneText
    code: Annotated[Text, StringConstraints(min_length=1, max_length=12)]
    agreed: StrictBool


class StaffLoginBody(Wire):
    username: Annotated[Text, StringConstraints(min_length=1, max_length=32)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    totp: Annotated[Text, StringConstraints(min_length=1, max_length=12)]


class MePerson(Wire):
    id: Id
    nickname: str
    phone_masked: str
    avatar_url: str | None
    realname_state: RealnameState


class MeGrant(Wire):
    role: str
    scope_kind: Literal["platform", "shop", "room", "agency"]
    scope_id: Id | None
    scope_name: str | None


class Me(Wire):
    signed_in: bool
    person: MePerson | None
    grants: list[MeGrant]
    csrf_token: str
    locale: Locale


class MePatch(Wire):
    nickname: Annotated[Text, StringConstraints(min_length=1, max_length=60)]


class AddressBody(Wire):
    name: Annotated[Text, StringConstraints(min_length=1, max_length=30)]
    phone: PhoneText
    province: Annotated[Text, StringConstraints(min_length=1, max_length=20)]
    city: Annotated[Text, StringConstraints(min_length=1, max_length=30)]
    district: Annotated[Text, StringConstraints(max_length=30)] = ""
    detail: Annotated[Text, StringConstraints(min_length=1, max_length=120)]
    is_default: StrictBool = False


class AddressPatch(Wire):
    """Absent (or null) members stay as they are."""

    name: Annotated[Text, StringConstraints(min_length=1, max_length=30)] | None = None
    phone: PhoneText | None = None
    province: Annotated[Text, StringConstraints(min_length=1, max_length=20)] | None = None
    city: Annotated[Text, StringConstraints(min_length=1, max_length=30)] | None = None
    district: Annotated[Text, StringConstraints(max_length=30)] | None = None
    detail: Annotated[Text, StringConstraints(min_length=1, max_length=120)] | None = None
    is_default: StrictBool | None = None


class Address(Wire):
    id: Id
    name: str
    phone: str
    phone_masked: str
    province: str
    city: str
    district: str
    detail: str
    is_default: bool

    @classmethod
    def of(cls, view: AddressView) -> Address:
        return cls(
            id=view.id,
            name=view.name,
            phone=view.phone,
            phone_masked=view.phone_masked,
            province=view.province,
            city=view.city,
            district=view.district,
            detail=view.detail,
            is_default=view.is_default,
        )


class Addresses(Wire):
    items: list[Address]


class PastedAddress(Wire):
    text: Annotated[Text, StringConstraints(min_length=1, max_length=500)]


class ParsedAddress(Wire):
    name: str | None
    phone: str | None
    province: str | None
    city: str | None
    district: str | None
    detail: str | None


class MerchantBody(Wire):
    legal_name: Line
    licence_number: Annotated[Text, StringConstraints(min_length=1, max_length=30)]
    licence_picture_id: Id | None = None
    legal_person: Annotated[Text, StringConstraints(min_length=2, max_length=40)]
    contact_phone: PhoneText
    shop_name: Annotated[Text, StringConstraints(min_length=2, max_length=30)]
    province: Annotated[Text, StringConstraints(min_length=1, max_length=20)]
    city: Annotated[Text, StringConstraints(min_length=1, max_length=30)]
    address: Annotated[Text, StringConstraints(min_length=1, max_length=120)]
    category_keys: list[CategoryKey] = Field(default_factory=list, max_length=20)


class MerchantShop(Wire):
    id: Id
    name: str


class MerchantWire(Wire):
    id: Id
    state: MerchantState
    reason: str | None
    legal_name: str
    licence_number: str
    licence_picture_url: str | None
    legal_person: str
    contact_phone: str
    shop_name: str
    province: str
    city: str
    address: str
    category_keys: list[str]
    shop: MerchantShop | None
    created_at: Instant
    decided_at: Instant | None

    @classmethod
    def of(cls, m: Merchant) -> MerchantWire:
        return cls(
            id=m.id,
            state=m.state,
            reason=m.reason,
            legal_name=m.legal_name,
            licence_number=m.licence_number,
            licence_picture_url=m.licence_picture_url,
            legal_person=m.legal_person,
            contact_phone=m.contact_phone,
            shop_name=m.shop_name,
            province=m.province,
            city=m.city,
            address=m.address,
            category_keys=list(m.category_keys),
            shop=MerchantShop(id=m.shop_id, name=m.shop_name) if m.shop_id else None,
            created_at=m.created_at,
            decided_at=m.decided_at,
        )


class Merchants(Wire):
    items: list[MerchantWire]


class ShopPatch(Wire):
    """Absent (or null) members stay as they are."""

    description: Annotated[Text, StringConstraints(max_length=500)] | None = None
    avatar_picture_id: Id | None = None


class ShopFurnished(Wire):
    id: Id
    name: str
    avatar_url: str | None
    description: str

    @classmethod
    def of(cls, view: ShopView) -> ShopFurnished:
        return cls(id=view.id, name=view.name, avatar_url=view.avatar_url, description=view.description)


class RealnameBody(Wire):
    real_name: Annotated[Text, StringConstraints(min_length=1, max_length=60)]
    id_number: Annotated[Text, StringConstraints(min_length=1, max_length=30)]
    birth: datetime.date | None = None


class Realname(Wire):
    state: RealnameState
    verified_at: Instant | None
    fresh_until: Instant | None
    reason: str | None

    @classmethod
    def of(cls, s: Standing) -> Realname:
        return cls(state=s.state, verified_at=s.verified_at, fresh_until=s.fresh_until, reason=s.reason)


class RealnameReview(Wire):
    id: Id
    person_id: Id
    name_masked: str
    id_masked: str
    submitted_at: Instant
    state: str

    @classmethod
    def of(cls, s: Submission) -> RealnameReview:
        return cls(
            id=s.id,
            person_id=s.person_id,
            name_masked=s.name_masked,
            id_masked=s.id_masked,
            submitted_at=s.submitted_at,
            state=s.state,
        )


class Decision(Wire):
    """`reason` is required where `approve` is false."""

    approve: StrictBool
    reason: Reason = ""


class CrewBody(Wire):
    phone: PhoneText
    role: Literal["cohost", "moderator", "runner"]


class CrewMemberWire(Wire):
    person_id: Id
    nickname: str
    role: RoomRole
    phone_masked: str
    since: Instant

    @classmethod
    def of(cls, m: CrewMember) -> CrewMemberWire:
        return cls(person_id=m.person_id, nickname=m.nickname, role=m.role, phone_masked=m.phone_masked, since=m.since)


class Crew(Wire):
    items: list[CrewMemberWire]


class LocalMessage(Wire):
    phone: str
    text: str
    sent_at: Instant


class LocalMessages(Wire):
    items: list[LocalMessage]
