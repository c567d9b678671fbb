"""What goods show of affiliate selling: rates as an order freezes them, slot contracts' events, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType
from uuid import UUID

from kaibo.goods.contracts import ProductId
from kaibo.kernel.errors import Conflict, Invalid, NotFound, Refused, refusal
from kaibo.people.contracts import PersonId
from kaibo.people.contracts.agencies import AgencyId

PlanId = NewType("PlanId", UUID)
CampaignId = NewType("CampaignId", UUID)

PlanKind = Literal["open", "targeted", "exclusive"]
PartyKind = Literal["creator", "agency"]
PartyState = Literal["invited", "accepted", "declined"]


@dataclass(frozen=True)
class CommissionTerms:
    """Who earns what on one product at an instant, to be frozen on the order.

    `commission_bps` of what was paid for the goods; `agency_bps` is the agency's share OF that commission; `leader_bps` is the
    leader's share of what was paid for the goods, besides the commission. `plan_id` None: the product's own rate.
    `may_sell` False: the product is another's exclusively, and every rate is 0.
    """

    commission_bps: int
    plan_id: PlanId | None = None
    agency_id: AgencyId | None = None
    agency_bps: int = 0
    leader_id: PersonId | None = None
    leader_bps: int = 0
    may_sell: bool = True


@dataclass(frozen=True)
class Touch:
    """A buyer opened a product through a creator's link: `kind`, `source_id` and `source_item` say which."""

    product_id: ProductId
    creator_id: PersonId
    kind: str
    source_id: UUID
    source_item: UUID | None
    title: str
    at: datetime


@refusal
class PlanMissing(NotFound):
    code = "goods.plan_missing"
    id: str


@refusal
class PlansFull(Refused):
    code = "goods.plans_full"
    plans_max: int


@refusal
class PlanStopped(Conflict):
    """The plan was stopped; it takes no more changes."""

    code = "goods.plan_stopped"


@refusal
class RateOutOfRange(Invalid):
    """The category allows from `bps_min` to `bps_max`."""

    code = "goods.rate_out_of_range"
    product_id: ProductId
    bps: int
    bps_min: int
    bps_max: int


@refusal
class RatePeriodInvalid(Invalid):
    """`valid_until` must lie after `valid_from` and after now."""

    code = "goods.rate_period_invalid"


@refusal
class PlanProductsFull(Refused):
    code = "goods.plan_products_full"
    products_max: int


@refusal
class PlanPartiesFull(Refused):
    code = "goods.plan_parties_full"
    parties_max: int


@refusal
class PlanTakesNobody(Invalid):
    """An open plan needs no invitation; an exclusive one has one party."""

    code = "goods.plan_takes_nobody"
    kind: PlanKind


@refusal
class ExclusiveTaken(Conflict):
    """Another exclusive plan covers this product in the same period."""

    code = "goods.exclusive_taken"
    product_id: ProductId
    title: str


@refusal
class SoldExclusively(Refused):
    """Another creator or agency has this product exclusively."""

    code = "goods.sold_exclusively"
    product_id: ProductId
    title: str


@refusal
class InvitationMissing(NotFound):
    code = "goods.invitation_missing"


@refusal
class InvitationAnswered(Conflict):
    code = "goods.invitation_answered"
    state: PartyState


@refusal
class CreatorUnknown(NotFound):
    """Nobody with this phone or showcase."""

    code = "goods.creator_unknown"


@refusal
class AgencyUnknown(NotFound):
    code = "goods.agency_unknown"
    name: str


@refusal
class ShowcaseFull(Refused):
    code = "goods.showcase_full"
    items_max: int


@refusal
class ShowcaseOrderStale(Conflict):
    """The list sent is not exactly what is in the showcase now."""

    code = "goods.showcase_order_stale"
