"""The selection square (选品广场): what a creator may sell, with what they would earn on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, Select, case, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from kaibo.goods.affiliate.rules import TIER, earns
from kaibo.goods.affiliate.samples.lookup import Offer, offers_of
from kaibo.goods.affiliate.samples.tables import sample_offers
from kaibo.goods.affiliate.samples.wire import SampleTerms
from kaibo.goods.affiliate.showcase_tables import showcase_items
from kaibo.goods.affiliate.tables import plans
from kaibo.goods.affiliate.terms import commission_terms, offers_at
from kaibo.goods.affiliate.wire import EarningCard
from kaibo.goods.catalog.categories import leaves_below
from kaibo.goods.catalog.rules import search_words
from kaibo.goods.catalog.tables import products, skus
from kaibo.goods.contracts import ProductId
from kaibo.goods.inventory.tables import stock
from kaibo.goods.shelf.cards import product_cards
from kaibo.goods.wire import ProductCardWire
from kaibo.kernel.db import Db
from kaibo.kernel.money import BPS, bps_of
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId

Sort = Literal["new", "rate", "earn", "sold", "cheap"]


@dataclass(frozen=True)
class Wish:
    """What a creator looks for. Prices in fen, of the cheapest SKU; `exclusive`: only what is exclusively mine."""

    q: str = ""
    category_key: str | None = None
    shop_id: UUID | None = None
    bps_min: int | None = None
    price_fen_min: int | None = None
    price_fen_max: int | None = None
    sold_min: int | None = None
    exclusive: bool = False
    invited: bool = False
    sample: bool = False
    sort: Sort = "new"


async def find_products(
    db: Db, creator_id: PersonId, wish: Wish, at: datetime, *, after: tuple[int, UUID] | None, limit: int
) -> list[tuple[int, ProductId]]:
    """(sort key, product) of the approved products that this creator may sell, best first. Raises CategoryUnknown.

    The same rule as `rules.choose`, said in SQL so that one can sort and filter by the rate that counts.
    """
    agency = await people.agency_of(db, creator_id, at)
    offers = offers_at(at, creator_id, agency.agency_id if agency else None).subquery()
    barred = select(offers.c.product_id).where(
        offers.c.kind == "exclusive", offers.c.held, ~offers.c.mine, offers.c.owner_id != creator_id
    )
    tier = case(TIER, value=offers.c.kind)
    best = (
        select(offers.c.product_id, offers.c.bps, offers.c.kind)
        .ext(distinct_on(offers.c.product_id))
        .where((offers.c.kind == "open") | offers.c.mine)
        .order_by(offers.c.product_id, tier, offers.c.bps.desc(), offers.c.plan_id)
        .subquery()
    )
    facts = (
        select(skus.c.product_id, func.min(skus.c.price_fen).label("price_fen"), func.sum(stock.c.sold).label("sold"))
        .join(stock, stock.c.sku_id == skus.c.id)
        .where(skus.c.removed_at.is_(None))
        .group_by(skus.c.product_id)
        .subquery()
    )
    bps = func.coalesce(best.c.bps, products.c.commission_bps)
    keys: dict[Sort, Any] = {
        "new": func.floor(func.extract("epoch", products.c.created_at) * 1000),
        "rate": bps,
        "earn": func.floor(facts.c.price_fen * bps / BPS),
        "sold": facts.c.sold,
        "cheap": -facts.c.price_fen,
    }
    key = cast(keys[wish.sort], BigInteger).label("key")
    query = (
        select(key, products.c.id)
        .join(facts, facts.c.product_id == products.c.id)
        .outerjoin(best, best.c.product_id == products.c.id)
        .where(products.c.state == "approved", products.c.id.not_in(barred))
        .order_by(key.desc(), products.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(keys[wish.sort], products.c.id) < after)
    query = _filtered(query, wish, bps, facts, best)
    return [(int(row.key), ProductId(row.id)) for row in await db.execute(query)]


def _filtered(query: Select[Any], wish: Wish, bps: Any, facts: Any, best: Any) -> Select[Any]:
    if wish.category_key is not None:
        query = query.where(products.c.category_key.in_(leaves_below(wish.category_key)))
    if wish.shop_id is not None:
        query = query.where(products.c.shop_id == wish.shop_id)
    for word in search_words(wish.q):
        query = query.where(products.c.search_text.contains(word, autoescape=True))
    if wish.bps_min is not None:
        query = query.where(bps >= wish.bps_min)
    if wish.price_fen_min is not None:
        query = query.where(facts.c.price_fen >= wish.price_fen_min)
    if wish.price_fen_max is not None:
        query = query.where(facts.c.price_fen <= wish.price_fen_max)
    if wish.sold_min is not None:
        query = query.where(facts.c.sold >= wish.sold_min)
    if wish.sample:
        query = query.where(products.c.id.in_(select(sample_offers.c.product_id)))
    if wish.exclusive:
        query = query.where(best.c.kind == "exclusive")
    if wish.invited:
        query = query.where(best.c.kind.in_(("exclusive", "targeted")))
    return query


async def earning_cards(db: Db, creator_id: PersonId, product_ids: Sequence[UUID], at: datetime) -> list[EarningCard]:
    """The products that exist among `product_ids`, in that order, with what this creator earns on each."""
    ids = [ProductId(p) for p in product_ids]
    cards = await product_cards(db, ids)
    terms = await commission_terms(db, creator_id=creator_id, product_ids=ids, at=at)
    kinds = await _kinds(db, {t.plan_id for t in terms.values() if t.plan_id})
    rows = await db.execute(select(products.c.id, products.c.category_key).where(products.c.id.in_(ids)))
    categories = {ProductId(row.id): row.category_key for row in rows}
    t = showcase_items
    mine = select(t.c.product_id).where(t.c.creator_id == creator_id, t.c.product_id.in_(ids))
    shown = {ProductId(p) for p in (await db.execute(mine)).scalars()}
    offered = await offers_of(db, ids)
    return [
        EarningCard(
            product=ProductCardWire.of(cards[p]),
            may_sell=terms[p].may_sell,
            approved=cards[p].approved,
            commission_bps=terms[p].commission_bps,
            commission_fen=bps_of(cards[p].price_fen_min, terms[p].commission_bps),
            keep_fen=earns(cards[p].price_fen_min, terms[p].commission_bps, terms[p].agency_bps),
            plan_kind=kinds.get(terms[p].plan_id),
            agency_bps=terms[p].agency_bps,
            leader_bps=terms[p].leader_bps,
            in_showcase=p in shown,
            sample=_terms(offered.get(p)),
            category_key=categories[p],
        )
        for p in ids
        if p in cards and p in terms
    ]


def _terms(offer: Offer | None) -> SampleTerms | None:
    if offer is None:
        return None
    return SampleTerms(monthly_max=offer.monthly_max, return_days=offer.return_days, note=offer.note)


async def _kinds(db: Db, plan_ids: Iterable[UUID]) -> dict[UUID | None, Any]:
    rows = await db.execute(select(plans.c.id, plans.c.kind).where(plans.c.id.in_(set(plan_ids))))
    return {row.id: row.kind for row in rows}
