"""Price a checkout for a buyer: what the database knows of their coupons goes into the pure pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from kaibo.goods.contracts import QuotedLine
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.points.errors import PointsUnusable
from kaibo.trade.points.model import PointTerms
from kaibo.trade.points.record import holding
from kaibo.trade.points.rules import most_fen
from kaibo.trade.points.terms import current_terms
from kaibo.trade.pricing.choose import choose, others
from kaibo.trade.pricing.coupons import rules as coupon_rules
from kaibo.trade.pricing.coupons.lookup import claims_by_id, usable_claims
from kaibo.trade.pricing.coupons.model import Claim
from kaibo.trade.pricing.errors import CouponMissing, CouponUnusable
from kaibo.trade.pricing.model import NO_OFFERS, Offers, Points, Priced
from kaibo.trade.pricing.rules import price_checkout


class PointsOffer(NamedTuple):
    """What the buyer's points could pay of a checkout, and whether they do."""

    balance: int
    usable: int
    usable_fen: int
    used: bool


async def price(
    db: Db,
    buyer_id: UUID | None,
    quoted: Sequence[QuotedLine],
    *,
    coupon_ids: Sequence[UUID] | None = None,
    points: int = 0,
) -> Priced:
    """The checkout's orders, one a shop. `coupon_ids` are the buyer's claims to use, all of them; None is the best choice made for
    them; an empty sequence is none, and asks the database nothing. `points` are spent besides named coupons, all of them.

    Raises CouponMissing for a claim that is not this buyer's, CouponUnusable for one that does nothing here, saying why,
    PointsUnusable where the terms do not let so many points be spent. Whether the buyer has them is seen when they are held.
    """
    if buyer_id is None or (coupon_ids is not None and not coupon_ids and not points):
        return price_checkout(quoted, NO_OFFERS)
    if coupon_ids is None:
        return await _best(db, buyer_id, quoted)
    wanted = list(dict.fromkeys(coupon_ids))
    claims = await claims_by_id(db, buyer_id, wanted)
    now = clock.now()
    for claim_id in wanted:
        if claim_id not in claims:
            raise CouponMissing(coupon_id=str(claim_id))
        if why := coupon_rules.why_unusable(claims[claim_id], now):
            raise _unusable(claims[claim_id], why)
    terms = await current_terms(db) if points else PointTerms()
    pays = Points(points // terms.spend_points_per_fen if terms.on else 0, terms.cap_bps) if points else None
    priced = price_checkout(quoted, Offers(tuple(claims[claim_id].voucher() for claim_id in wanted), points=pays))
    for voucher, why_not, facts in priced.not_used:
        raise _unusable(claims[voucher.id], why_not, int(facts.get("lack_fen", 0)))
    if (usable := priced.points_fen * terms.spend_points_per_fen) != points:
        raise PointsUnusable(points=points, usable=usable)
    return priced


async def price_quote(
    db: Db,
    buyer_id: UUID | None,
    quoted: Sequence[QuotedLine],
    *,
    coupon_ids: Sequence[UUID] | None,
    use_points: bool = False,
) -> tuple[Priced, PointsOffer | None]:
    """Like price; and where the buyer picked the coupons, `not_used` still tells of their others, so that they can pick again.
    `use_points` spends as many of the buyer's points as may be; the offer is None while points are off and for strangers.
    """
    priced = await _with_others(db, buyer_id, quoted, coupon_ids)
    terms = PointTerms() if buyer_id is None else await current_terms(db)
    if buyer_id is None or not terms.on:
        return priced, None
    balance = (await holding(db, buyer_id)).balance
    fen = min(balance // terms.spend_points_per_fen, most_fen(priced, terms.cap_bps))
    usable, used = fen * terms.spend_points_per_fen, use_points and fen > 0
    if used:
        kept = [one.claim_id for one in priced.used]
        lowered = await price(db, buyer_id, quoted, coupon_ids=kept, points=usable)
        priced = lowered._replace(not_used=priced.not_used)
    return priced, PointsOffer(balance, usable, fen, used)


async def _with_others(
    db: Db, buyer_id: UUID | None, quoted: Sequence[QuotedLine], coupon_ids: Sequence[UUID] | None
) -> Priced:
    priced = await price(db, buyer_id, quoted, coupon_ids=coupon_ids)
    if buyer_id is None or coupon_ids is None:
        return priced
    claims = await usable_claims(db, buyer_id, {line.shop_id for line in quoted}, clock.now())
    used = {one.claim_id for one in priced.used}
    rest = [claim.voucher() for claim in claims if claim.id not in used]
    return priced._replace(not_used=others(quoted, rest, priced))


async def _best(db: Db, buyer_id: UUID, quoted: Sequence[QuotedLine]) -> Priced:
    claims = await usable_claims(db, buyer_id, {line.shop_id for line in quoted}, clock.now())
    by_id = {claim.id: claim for claim in claims}
    while True:
        offers = Offers(vouchers=tuple(claim.voucher() for claim in by_id.values())) if by_id else NO_OFFERS
        priced = choose(quoted, offers)
        short = [one.claim_id for one in priced.used if not _affordable(by_id[one.claim_id], one.fen)]
        if not short:
            return priced
        for claim_id in short:
            del by_id[claim_id]


def _affordable(claim: Claim, fen: int) -> bool:
    budget = claim.coupon.terms.budget_fen
    return budget is None or claim.coupon.committed_fen + fen <= budget


def _unusable(claim: Claim, why: str, lack_fen: int = 0) -> CouponUnusable:
    return CouponUnusable(coupon_id=str(claim.id), title=claim.coupon.terms.title, why=[why], lack_fen=lack_fen)
