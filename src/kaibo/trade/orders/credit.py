"""Whom an order is credited to: the last valid source within the window. The rules, case by case: docs/attribution.md.

Set-based, so that a batch of orders costs as many queries as one order: every source is resolved once, the touches of all
buyers are read at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kaibo.goods import facade as goods
from kaibo.goods.contracts import ProductId
from kaibo.goods.contracts.affiliate import Touch
from kaibo.kernel.db import Db
from kaibo.people.contracts import PersonId
from kaibo.trade.contracts import Source
from kaibo.trade.orders.sources import Attribution, attribute


@dataclass(frozen=True)
class Ask:
    """One order that wants to know whom it is credited to."""

    buyer_id: PersonId
    source: Source
    products: frozenset[ProductId]


async def credit(db: Db, asks: Sequence[Ask], at: datetime) -> list[Attribution]:
    """The attribution of each order, in the order asked."""
    shelf = [ask for ask in asks if ask.source.kind == "shelf"]
    buyers = {ask.buyer_id for ask in shelf}
    touched = await goods.touches_of(db, buyers, {p for ask in shelf for p in ask.products}, at) if shelf else {}
    resolved: dict[tuple[Source, frozenset[ProductId]], Attribution] = {}
    barred: dict[tuple[PersonId, ProductId], bool] = {}
    made = []
    for ask in asks:
        about = (ask.source, ask.products)
        if about not in resolved:
            resolved[about] = await attribute(db, ask.source, ask.products)
        found = resolved[about]
        if touches := touched.get(ask.buyer_id) if ask.source.kind == "shelf" else None:
            found = await _by_touch(db, ask, found, touches, barred, at)
        made.append(_not_oneself(found, ask.buyer_id))
    return made


def _not_oneself(found: Attribution, buyer_id: PersonId) -> Attribution:
    """Who buys through their own link earns nothing. The source stays: it is where the order came from."""
    return replace(found, creator_id=None, products=None) if found.creator_id == buyer_id else found


async def _by_touch(
    db: Db,
    ask: Ask,
    found: Attribution,
    touches: Sequence[Touch],
    barred: dict[tuple[PersonId, ProductId], bool],
    at: datetime,
) -> Attribution:
    """The latest touch whose creator may sell the product; they earn on the products they have shown this buyer."""
    of_order = [t for t in touches if t.product_id in ask.products]
    for touch in of_order:
        key = (touch.creator_id, touch.product_id)
        if key not in barred:
            terms = await goods.commission_terms(db, creator_id=key[0], product_ids=[key[1]], at=at)
            barred[key] = key[1] not in terms or not terms[key[1]].may_sell
        if not barred[key]:
            shown = frozenset(t.product_id for t in of_order if t.creator_id == touch.creator_id)
            return replace(found, creator_id=touch.creator_id, title=touch.title, products=shown)
    return found
