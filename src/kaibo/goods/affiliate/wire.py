"""Requests and responses about plans, invitations and showcases. Rates are basis points of what is paid for the goods."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from kaibo.goods.affiliate import rules
from kaibo.goods.affiliate.model import Plan, PlanEntry
from kaibo.goods.affiliate.samples.wire import SampleTerms
from kaibo.goods.affiliate.showcase import INTRO_CHARS_MAX, SHOWCASE_ITEMS_MAX
from kaibo.goods.contracts.affiliate import PartyKind, PartyState, PlanKind
from kaibo.goods.wire import ProductCardWire
from kaibo.kernel.money import BPS
from kaibo.kernel.web import Id, Instant, Wire
from kaibo.kernel.web.wire import Text

PlanName = Annotated[Text, StringConstraints(min_length=1, max_length=rules.NAME_CHARS_MAX)]
RateBps = Annotated[int, Field(strict=True, ge=0, le=BPS)]


class PlanBody(Wire):
    kind: PlanKind
    name: PlanName


class RateBody(Wire):
    """`bps` null takes the products out. `start` null: as soon as the rules allow; `end` null: for good."""

    product_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]
    bps: RateBps | None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class InviteBody(Wire):
    """One of: a creator's phone, a creator's id (from their showcase's address), an agency's name."""

    phone: Annotated[Text, StringConstraints(min_length=1, max_length=24)] | None = None
    creator_id: Id | None = None
    agency_name: Annotated[Text, StringConstraints(min_length=1, max_length=40)] | None = None

    @model_validator(mode="after")
    def _one(self) -> InviteBody:
        if sum(v is not None for v in (self.phone, self.creator_id, self.agency_name)) != 1:
            raise ValueError("name exactly one of phone, creator_id and agency_name")
        return self


class InvitationAnswer(Wire):
    accept: Annotated[bool, Field(strict=True)]


class SegmentWire(Wire):
    bps: int
    start: Instant
    end: Instant | None


class PlanProductWire(Wire):
    """`bps_now` is null while the plan has no rate for the product."""

    product: ProductCardWire
    bps_now: int | None
    own_bps: int
    bps_min: int
    bps_max: int
    timeline: list[SegmentWire]


class PartyWire(Wire):
    kind: PartyKind
    id: Id
    name: str
    phone_masked: str
    state: PartyState
    running: bool
    invited_at: Instant
    answered_at: Instant | None
    valid_from: Instant | None
    valid_until: Instant | None


class EntryWire(Wire):
    """`what` is a key the desk has words for."""

    what: str
    facts: dict[str, str]
    actor: str
    at: Instant

    @classmethod
    def of(cls, entry: PlanEntry, actor: str) -> EntryWire:
        return cls(what=entry.what, facts=entry.facts, actor=actor, at=entry.at)


class PlanWire(Wire):
    id: Id
    kind: PlanKind
    name: str
    leader_id: Id | None
    leader_name: str | None
    leader_bps: int
    created_at: Instant
    stops_at: Instant | None
    products: int
    parties: int

    @classmethod
    def of(cls, p: Plan, leader_name: str | None) -> PlanWire:
        return cls(
            id=p.id,
            kind=p.kind,
            name=p.name,
            leader_id=p.leader_id,
            leader_name=leader_name,
            leader_bps=p.leader_bps,
            created_at=p.created_at,
            stops_at=p.stops_at,
            products=p.products,
            parties=p.parties,
        )


class PlanFull(Wire):
    plan: PlanWire
    products: list[PlanProductWire]
    parties: list[PartyWire]
    entries: list[EntryWire]
    next_midnight: Instant


class InvitationWire(Wire):
    """`party_kind` "agency" where the invitation is for an agency that this person works for."""

    plan: PlanWire
    shop_id: Id
    shop_name: str
    party_kind: PartyKind
    party_id: Id
    state: PartyState
    invited_at: Instant
    valid_from: Instant | None
    products: list[PlanProductWire]


class Invitations(Wire):
    items: list[InvitationWire]


class ShowcaseBody(Wire):
    product_ids: Annotated[list[Id], Field(min_length=1, max_length=50)]


class ShowcaseOrder(Wire):
    product_ids: Annotated[list[Id], Field(max_length=SHOWCASE_ITEMS_MAX)]


class ShowcaseIntro(Wire):
    intro: Annotated[Text, StringConstraints(max_length=INTRO_CHARS_MAX)]


class ShowcaseWire(Wire):
    """What everybody sees."""

    creator_id: Id
    nickname: str
    avatar_url: str | None
    intro: str
    items: list[ProductCardWire]


class EarningCard(Wire):
    """A product with what I earn on it: `commission_fen` a piece of the cheapest SKU, `agency_bps` of that goes to my agency."""

    product: ProductCardWire
    may_sell: bool
    approved: bool
    commission_bps: int
    commission_fen: int
    keep_fen: int
    plan_kind: PlanKind | None
    agency_bps: int
    leader_bps: int
    in_showcase: bool
    sample: SampleTerms | None
    category_key: str


class MyShowcase(Wire):
    """`path` is the page that buyers see."""

    intro: str
    path: str
    items: list[EarningCard]


class SelectionShop(Wire):
    id: Id
    name: str
    legal_name: str
    licence_number: str
    address: str
    sold_count: int
    product_count: int


class SelectionDetail(Wire):
    """Everything a creator wants to know before they sell something.

    `rate` is the counting plan's rate in time: its coming changes are known before they count. Empty for the product's own rate.
    """

    card: EarningCard
    shop: SelectionShop
    description: str
    origin: str
    selling_points: list[str]
    picture_urls: list[str]
    rate: list[SegmentWire]


def running(valid_from: datetime | None, valid_until: datetime | None, now: datetime) -> bool:
    return valid_from is not None and valid_from <= now and (valid_until is None or now < valid_until)
