"""What a wish comes to: the orders of a checkout, one a shop, before anybody's name stands on them. Values in, values out.

In a flash sale hundreds want the same at the same moment. So the orders are worked out once for each different wish of a batch, a
`Blueprint`, and everybody who wished it gets a copy with their own ids, name and address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from kaibo.goods.contracts import OutOfStock, QuotedLine, SkuId, SkuMissing
from kaibo.people.contracts import PersonId, ShopId, ShopView
from kaibo.trade.contracts import LineId, OrderId, OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.commission import FrozenShares
from kaibo.trade.orders.model import DeliveryAddress, Order, OrderLine, Terms, WantedLine
from kaibo.trade.orders.sources import Attribution
from kaibo.trade.pricing.model import Priced, PricedLine, PricedOrder

_NOBODY = UUID(int=0)
_NOWHERE = DeliveryAddress("", "", "", "", "", "", "")


@dataclass(frozen=True)
class Blueprint:
    """The orders of one wish, one a shop, in the order in which the shops were named. `faces` is for presenters: what they made
    of the blueprint, so that they make it once.
    """

    orders: tuple[Order, ...]
    priced: Priced
    faces: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


def quote_lines(wanted: Sequence[WantedLine], quotes: Mapping[SkuId, QuotedLine]) -> list[QuotedLine]:
    """The quotes of these lines with their quantities. Raises SkuMissing, SkuTwice, NotOnSale, PriceChanged, OutOfStock.

    The stock here was read without a lock: enough of it promises nothing, but too little is the truth of that moment. So a crowd
    before an empty shelf is sent away without queuing for the row that others need.
    """
    found = []
    for line in wanted:
        quote = quotes.get(line.sku_id)
        if quote is None:
            raise SkuMissing(id=str(line.sku_id))
        found.append(replace(quote, quantity=line.quantity))
    rules.check_wanted(wanted, found)
    for quoted in found:
        if quoted.quantity > quoted.stock_left:
            raise OutOfStock(sku_id=quoted.sku_id, left=max(0, quoted.stock_left))
    return found


def blueprint(
    priced: Priced,
    shops: Mapping[ShopId, ShopView],
    attribution: Attribution,
    shares: Mapping[ShopId, FrozenShares],
    house: Terms,
    now: datetime,
) -> Blueprint:
    """Raises NothingToPay, TotalTooLarge."""
    rules.check_total(priced.total_fen)
    orders = (_order(shops[one.shop_id], one, attribution, shares[one.shop_id], house, now) for one in priced.orders)
    return Blueprint(tuple(orders), priced)


def _order(
    shop: ShopView, priced: PricedOrder, attribution: Attribution, shares: FrozenShares, house: Terms, now: datetime
) -> Order:
    rules.check_total(priced.total_fen)
    lines = tuple(_line(line, shares, house) for line in priced.lines)
    parts = rules.divide(lines, priced.freight_fen, has_creator=attribution.creator_id is not None)
    return Order(
        id=OrderId(_NOBODY),
        checkout_id=_NOBODY,
        number="",
        buyer_id=PersonId(_NOBODY),
        buyer_nickname="",
        shop_id=shop.id,
        shop_name=shop.name,
        state=OrderState.PLACED,
        lines=lines,
        goods_fen=priced.goods_fen,
        discount_fen=priced.discount_fen,
        platform_discount_fen=priced.platform_discount_fen,
        freight_fen=priced.freight_fen,
        total_fen=priced.total_fen,
        explanation=priced.plain_explanation(),
        commission_fen=parts.creator_fen,
        platform_fee_fen=parts.platform_fen,
        address=_NOWHERE,
        source=attribution.source,
        source_title=attribution.title,
        creator_id=attribution.creator_id,
        agency_id=shares.agency_id,
        agency_bps=shares.agency_bps,
        leader_id=shares.leader_id,
        leader_bps=shares.leader_bps,
        note=None,
        created_at=now,
        pay_before=rules.due(now, house.pay_seconds, house),
    )


def _line(priced: PricedLine, shares: FrozenShares, house: Terms) -> OrderLine:
    quoted = priced.quoted
    commission_bps, platform_fee_bps = rules.frozen_rates(shares.line_bps.get(quoted.product_id, 0), house)
    return OrderLine(
        id=LineId(_NOBODY),
        sku_id=quoted.sku_id,
        product_id=quoted.product_id,
        title=quoted.title,
        sku_name=quoted.sku_name,
        picture_url=quoted.picture_url,
        unit_price_fen=quoted.unit_price_fen,
        quantity=quoted.quantity,
        line_fen=priced.line_fen,
        discount_fen=priced.discount_fen,
        platform_discount_fen=priced.platform_discount_fen,
        paid_fen=priced.paid_fen,
        freight_fen=quoted.freight_fen,
        freight_paid_fen=priced.freight_paid_fen,
        commission_bps=commission_bps,
        plan_id=shares.line_plan.get(quoted.product_id),
        platform_fee_bps=platform_fee_bps,
        seven_day_exclusion=quoted.seven_day_exclusion,
    )
