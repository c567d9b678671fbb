"""A coupon, and a buyer's claim of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from kaibo.people.contracts import ShopId
from kaibo.trade.pricing.model import Benefit, Funder, Scope, Voucher

Audience = Literal["everybody", "new_buyer", "follower"]
"""`new_buyer`: has never paid an order (of this shop; for a platform's coupon: any order). `follower`: follows a room that sells
this shop's goods (for a platform's coupon: any room)."""

CouponState = Literal["scheduled", "open", "gone", "ended", "stopped"]
"""Whether it can be claimed: not yet, now, all pieces claimed, no more, stopped by its giver."""

Pocket = Literal["usable", "used", "expired"]
"""Where "my coupons" shows a claim; one held by an unpaid order is among the used."""


@dataclass(frozen=True)
class Terms:
    """What a giver decides once. Buyers have claimed it under these terms, so only pieces and budget may grow later.

    Either `use_from` and `use_until`, or `use_days` from the claim on.
    """

    title: str
    benefit: Benefit
    claim_from: datetime
    claim_until: datetime
    pieces_max: int
    off_fen: int = 0
    percent_bps: int = 0
    cap_fen: int | None = None
    threshold_fen: int = 0
    each_full: bool = False
    scope: Scope = "all"
    scope_ids: tuple[str, ...] = ()
    audience: Audience = "everybody"
    stack_group: str = "coupon"
    per_buyer_limit: int = 1
    budget_fen: int | None = None
    use_from: datetime | None = None
    use_until: datetime | None = None
    use_days: int | None = None


@dataclass(frozen=True)
class Coupon:
    id: UUID
    funder: Funder
    shop_id: ShopId | None
    terms: Terms
    claimed: int
    committed_fen: int
    stopped_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Claim:
    """One piece of a coupon in a buyer's hand."""

    id: UUID
    coupon: Coupon
    state: Literal["usable", "held", "spent"]
    use_from: datetime
    use_until: datetime
    claimed_at: datetime

    def voucher(self) -> Voucher:
        coupon, terms = self.coupon, self.coupon.terms
        return Voucher(
            id=self.id,
            coupon_id=coupon.id,
            funder=coupon.funder,
            title=terms.title,
            benefit=terms.benefit,
            shop_id=coupon.shop_id,
            off_fen=terms.off_fen,
            percent_bps=terms.percent_bps,
            cap_fen=terms.cap_fen,
            threshold_fen=terms.threshold_fen,
            each_full=terms.each_full,
            scope=terms.scope,
            scope_ids=frozenset(terms.scope_ids),
            group=terms.stack_group,
            use_until=self.use_until,
        )


@dataclass(frozen=True)
class Figures:
    """What a coupon brought: orders paid with it, what they paid in all, and what it cost its giver."""

    held: int = 0
    used: int = 0
    cost_fen: int = 0
    gmv_paid_fen: int = 0
