"""Issue a coupon; later only more of it, or no more of it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people import facade as people
from kaibo.trade.pricing.coupons import rules
from kaibo.trade.pricing.coupons.lookup import coupon
from kaibo.trade.pricing.coupons.model import Coupon, Terms
from kaibo.trade.pricing.coupons.tables import coupons
from kaibo.trade.pricing.errors import CouponInvalid, CouponShrunk
from kaibo.trade.pricing.model import Funder


async def issue_coupon(db: Db, terms: Terms, *, shop_id: UUID | None, actor_id: UUID) -> Coupon:
    """A merchant's coupon, or the platform's where `shop_id` is None. Raises CouponInvalid with every fault."""
    funder: Funder = "platform" if shop_id is None else "merchant"
    wrong = rules.faults(terms, funder)
    if not wrong and terms.scope_ids and not await _scope_exists(db, terms, shop_id):
        wrong = ["scope_foreign"]
    if wrong:
        raise CouponInvalid(what=wrong)
    coupon_id = new_id()
    row = vars(terms) | {"id": coupon_id, "funder": funder, "shop_id": shop_id, "actor_id": actor_id}
    await db.execute(coupons.insert().values(row | {"scope_ids": list(terms.scope_ids)}))
    return await coupon(db, coupon_id, shop_id=shop_id)


async def _scope_exists(db: Db, terms: Terms, shop_id: UUID | None) -> bool:
    if terms.scope == "categories":
        return set(terms.scope_ids) <= goods.category_keys()
    try:
        ids = {UUID(one) for one in terms.scope_ids}
    except ValueError:
        return False
    if terms.scope == "shops":
        return len(await people.shop_view(db, ids)) == len(ids)
    cards = await goods.product_cards(db, ids)
    return len(cards) == len(ids) and all(shop_id in (None, card.shop_id) for card in cards.values())


async def extend_coupon(
    db: Db, coupon_id: UUID, *, shop_id: UUID | None, pieces_max: int | None, budget_fen: int | None, stop: bool
) -> Coupon:
    """More pieces, more budget, or a stop of claiming (what was claimed stays usable). Raises CouponMissing, CouponShrunk."""
    before = await coupon(db, coupon_id, shop_id=shop_id, lock=True)
    shrunk = []
    if pieces_max is not None and pieces_max < before.terms.pieces_max:
        shrunk.append("pieces_max")
    if budget_fen is not None and (before.terms.budget_fen is None or budget_fen < before.terms.budget_fen):
        shrunk.append("budget_fen")
    if shrunk:
        raise CouponShrunk(what=shrunk)
    values: dict[str, object] = {}
    if pieces_max is not None:
        values["pieces_max"] = pieces_max
    if budget_fen is not None:
        values["budget_fen"] = budget_fen
    if stop and before.stopped_at is None:
        values["stopped_at"] = clock.now()
    if values:
        await db.execute(update(coupons).where(coupons.c.id == coupon_id).values(**values))
    return await coupon(db, coupon_id, shop_id=shop_id)
