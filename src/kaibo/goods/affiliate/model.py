"""Plans as the rest of affiliate sees them: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kaibo.goods.affiliate.rules import Segment
from kaibo.goods.contracts import ProductId
from kaibo.goods.contracts.affiliate import CampaignId, PartyKind, PartyState, PlanId, PlanKind
from kaibo.people.contracts import PersonId, ShopId


@dataclass(frozen=True)
class Plan:
    """`stops_at` is when the plan ends, once somebody has stopped it."""

    id: PlanId
    shop_id: ShopId
    owner_id: PersonId
    kind: PlanKind
    name: str
    campaign_id: CampaignId | None
    leader_id: PersonId | None
    leader_bps: int
    created_at: datetime
    stops_at: datetime | None
    products: int
    parties: int


@dataclass(frozen=True)
class ProductRates:
    """A product's rates in a plan, in order of time."""

    product_id: ProductId
    timeline: tuple[Segment, ...]


@dataclass(frozen=True)
class Party:
    """Somebody who was invited into a plan; in force from `valid_from` until `valid_until`."""

    plan_id: PlanId
    kind: PartyKind
    party_id: UUID
    state: PartyState
    invited_at: datetime
    answered_at: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True)
class PlanEntry:
    what: str
    facts: dict[str, str]
    actor_id: UUID
    at: datetime
