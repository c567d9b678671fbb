"""The rules of coupons: which terms make sense, who may claim when, what a claim is good for. Values in, values out."""

from __future__ import annotations

from datetime import datetime, timedelta

from kaibo.kernel.money import BPS
from kaibo.trade.pricing.coupons.model import Claim, Coupon, CouponState, Pocket, Terms
from kaibo.trade.pricing.model import Funder

TITLE_CHARS_MAX = 30
PIECES_MAX = 100_000_000
PER_BUYER_MAX = 99
USE_DAYS_MAX = 365
SCOPE_IDS_MAX = 200
OFF_FEN_MAX = 10_000_000
BUDGET_FEN_MAX = 10**12
GROUPS = ("coupon", "member", "campaign")
"""Of one group a checkout takes one coupon of a shop, and one of the platform; different groups combine."""


def faults(terms: Terms, funder: Funder) -> list[str]:
    """What is wrong with the terms; each item has words under "trade.coupon_invalid"."""
    found = _benefit_faults(terms, funder)
    if (terms.scope == "all") == bool(terms.scope_ids):
        found.append("scope_ids")
    if terms.scope == "shops" and funder == "merchant":
        found.append("scope_shops")
    if terms.claim_from >= terms.claim_until:
        found.append("claim_window")
    if terms.use_days is None:
        if terms.use_from is None or terms.use_until is None or terms.use_from >= terms.use_until:
            found.append("use_window")
        elif terms.use_until < terms.claim_until:
            found.append("use_ends_before_claim")
    elif terms.use_from is not None or terms.use_until is not None:
        found.append("use_window")
    if terms.stack_group not in GROUPS:
        found.append("stack_group")
    if terms.per_buyer_limit > terms.pieces_max:
        found.append("per_buyer_limit")
    if terms.budget_fen is not None and terms.benefit != "percent" and terms.budget_fen < terms.off_fen:
        found.append("budget")
    return found


def _benefit_faults(terms: Terms, funder: Funder) -> list[str]:
    found = []
    if terms.benefit == "percent":
        if not 0 < terms.percent_bps < BPS or terms.off_fen:
            found.append("percent")
        if terms.each_full:
            found.append("each_full")
    else:
        if terms.off_fen < 1 or terms.percent_bps:
            found.append("off")
        if terms.benefit == "freight" and (terms.each_full or terms.cap_fen is not None):
            found.append("freight_plain")
        if terms.benefit == "freight" and funder == "platform":
            found.append("freight_platform")
        if terms.benefit == "off" and 0 < terms.threshold_fen < terms.off_fen:
            found.append("off_above_threshold")
        if terms.each_full and terms.threshold_fen == 0:
            found.append("each_full")
        if (
            terms.cap_fen is not None
            and terms.benefit == "off"
            and (not terms.each_full or terms.cap_fen < terms.off_fen)
        ):
            found.append("cap")
    return found


def state_of(coupon: Coupon, now: datetime) -> CouponState:
    if coupon.stopped_at is not None:
        return "stopped"
    if now >= coupon.terms.claim_until:
        return "ended"
    if coupon.claimed >= coupon.terms.pieces_max:
        return "gone"
    return "open" if now >= coupon.terms.claim_from else "scheduled"


def use_window(terms: Terms, claimed_at: datetime) -> tuple[datetime, datetime]:
    """When a claim of `claimed_at` may be used."""
    if terms.use_days is not None:
        return claimed_at, claimed_at + timedelta(days=terms.use_days)
    assert terms.use_from is not None
    assert terms.use_until is not None
    return terms.use_from, terms.use_until


def why_unusable(claim: Claim, now: datetime) -> str | None:
    """Why this claim cannot be used at `now`, whatever is bought; words under "trade.coupon_unusable"."""
    if claim.state == "spent":
        return "spent"
    if claim.state == "held":
        return "held"
    if now >= claim.use_until:
        return "expired"
    if now < claim.use_from:
        return "not_yet"
    budget = claim.coupon.terms.budget_fen
    if budget is not None and claim.coupon.committed_fen >= budget:
        return "budget_gone"
    return None


def pocket_of(claim: Claim, now: datetime) -> Pocket:
    if claim.state != "usable":
        return "used"
    return "expired" if now >= claim.use_until else "usable"
