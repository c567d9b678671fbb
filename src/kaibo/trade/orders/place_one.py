"""Place one order of one line at a price of its own (a presale's, a group's). The same stock and the same books as every other.

It does not go through the till: who pays such a price has come for this SKU alone, and the batch of one costs what a batch costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import orjson

from kaibo.goods.contracts import NotOnSale, OutOfStock, QuotedLine
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.errors import Refused
from kaibo.kernel.web import Caller
from kaibo.people import facade as people
from kaibo.people.contracts import AddressId, AddressMissing, PersonId
from kaibo.trade.contracts import Source
from kaibo.trade.orders.commission import freeze_shares
from kaibo.trade.orders.credit import Ask, credit
from kaibo.trade.orders.draft import blueprint
from kaibo.trade.orders.lookup import find_order
from kaibo.trade.orders.model import Order, Wanted, WantedLine
from kaibo.trade.orders.place import Asked, Prepared
from kaibo.trade.orders.terms import terms
from kaibo.trade.pricing.rules import price_checkout


@dataclass(frozen=True)
class Where:
    """Where it goes, where the buyer was, and what they said."""

    address_id: UUID
    source: Source
    note: str | None = None


async def place_one(db: Db, buyer: Caller, line: QuotedLine, where: Where) -> Order:
    """The order, placed, its stock held; the caller says in the same transaction what else belongs to it.

    Raises NotOnSale, OutOfStock, LimitReached (goods), AddressMissing (people), TotalTooLarge.
    """
    if not line.approved:
        raise NotOnSale(product_id=line.product_id)
    if line.quantity > line.stock_left:
        raise OutOfStock(sku_id=line.sku_id, left=max(0, line.stock_left))
    buyer_id, now = PersonId(buyer.id), clock.now()
    found = await people.parcel_labels(db, {where.address_id})
    label = found.get((buyer_id, AddressId(where.address_id)))
    if label is None:
        raise AddressMissing(id=str(where.address_id))
    (attribution,) = await credit(db, [Ask(buyer_id, where.source, frozenset({line.product_id}))], now)
    shops = await people.shop_view(db, {line.shop_id})
    shares = {line.shop_id: await freeze_shares(db, attribution, [line], now)}
    made = blueprint(price_checkout([line]), shops, attribution, shares, terms(), now)
    seen = WantedLine(line.sku_id, line.quantity, line.unit_price_fen)
    wanted = Wanted((seen,), where.address_id, where.source, where.note)
    prepared = Prepared([Asked(buyer_id, buyer.nickname, wanted)], [made], [orjson.dumps(label)], now)
    (outcome,) = await prepared.place(db)
    if isinstance(outcome, Refused):
        raise outcome
    return await find_order(db, outcome.checkout_id)
