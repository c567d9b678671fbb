"""Which rates an order freezes: the creator's on each line, the agency's and the leader's on the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.goods.contracts import ProductId, QuotedLine
from kaibo.goods.contracts.affiliate import CommissionTerms, PlanId
from kaibo.kernel.db import Db
from kaibo.kernel.money import BPS
from kaibo.people.contracts import PersonId
from kaibo.trade.orders.sources import Attribution


@dataclass(frozen=True)
class FrozenShares:
    """`line_bps` by product: commission of what is paid for the goods. `agency_bps` is OF the commission."""

    line_bps: Mapping[ProductId, int] = field(default_factory=dict)
    line_plan: Mapping[ProductId, PlanId] = field(default_factory=dict)
    agency_id: UUID | None = None
    agency_bps: int = 0
    leader_id: PersonId | None = None
    leader_bps: int = 0


async def freeze_shares(db: Db, attribution: Attribution, quoted: Sequence[QuotedLine], at: datetime) -> FrozenShares:
    """What the creator of `attribution` earns on these lines at `at`; nothing on lines their source does not cover."""
    own = {line.product_id: line.commission_bps for line in quoted}
    if attribution.creator_id is None:
        return FrozenShares(line_bps=own)
    terms = await goods.commission_terms(db, creator_id=attribution.creator_id, product_ids=list(own), at=at)
    covered = {p: t for p, t in terms.items() if attribution.products is None or p in attribution.products}
    leader_id, leader_bps = leader_of(covered, quoted)
    agency = next((t for t in covered.values() if t.agency_id is not None), None)
    return FrozenShares(
        line_bps={p: covered[p].commission_bps if p in covered else 0 for p in own},
        line_plan={p: t.plan_id for p, t in covered.items() if t.plan_id is not None},
        agency_id=agency.agency_id if agency else None,
        agency_bps=agency.agency_bps if agency else 0,
        leader_id=leader_id,
        leader_bps=leader_bps,
    )


def leader_of(terms: Mapping[ProductId, CommissionTerms], quoted: Sequence[QuotedLine]) -> tuple[PersonId | None, int]:
    """An order has one leader: the one who brought most of it, with their rate spread over the whole order, rounded down."""
    total = sum(line.unit_price_fen * line.quantity for line in quoted)
    weights: dict[PersonId, int] = {}
    for line in quoted:
        its = terms.get(line.product_id)
        if its is not None and its.leader_id is not None:
            brought = line.unit_price_fen * line.quantity * its.leader_bps
            weights[its.leader_id] = weights.get(its.leader_id, 0) + brought
    if not weights or total == 0:
        return None, 0
    leader_id = max(sorted(weights), key=lambda person: weights[person])
    return leader_id, min(BPS, weights[leader_id] // total)
