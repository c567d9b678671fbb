"""Place an order: check it against what is sold now, set the stock aside, write it down, start its clock."""

from __future__ import annotations

import secrets
from dataclasses import replace

from kaibo.goods import facade as goods
from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.outbox import publish
from kaibo.kernel.web import Caller
from kaibo.people import facade as people
from kaibo.people.contracts import AddressView, PersonId, ShopView
from kaibo.trade.contracts import LineId, OrderId, OrderPlaced, OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.commission import FrozenShares, freeze_shares
from kaibo.trade.orders.credit import Ask, credit
from kaibo.trade.orders.model import DeliveryAddress, Order, OrderLine, Terms, Wanted
from kaibo.trade.orders.record import about, insert_order, note_history
from kaibo.trade.orders.sources import Attribution
from kaibo.trade.orders.terms import terms
from kaibo.trade.pricing import coupons
from kaibo.trade.pricing.model import PricedLine, PricedOrder
from kaibo.trade.pricing.price import price

EXPIRE = "trade.order.expire"
NUMBER_TRIES_MAX = 5


async def place_order(db: Db, buyer: Caller, wanted: Wanted) -> Order:
    """One order of one shop, its stock held until `pay_before`.

    Raises SkuMissing, NotOnSale, PriceChanged, OutOfStock, LimitReached (goods), AddressMissing (people), SeveralShops,
    SkuTwice, NothingToPay, TotalTooLarge, CouponMissing, CouponUnusable.
    """
    asked = [(line.sku_id, line.quantity) for line in wanted.lines]
    quoted = await goods.quote(db, asked)
    rules.check_wanted(wanted.lines, quoted)
    address = await people.address_of(db, buyer.id, wanted.address_id)
    shop_id = quoted[0].shop_id
    shop = (await people.shop_view(db, [shop_id]))[shop_id]
    products = frozenset(line.product_id for line in quoted)
    (attribution,) = await credit(db, [Ask(PersonId(buyer.id), wanted.source, products)], clock.now())
    shares = await freeze_shares(db, attribution, quoted, clock.now())
    priced = await price(db, buyer.id, quoted, coupon_ids=wanted.coupon_ids)
    order = _draft(buyer, wanted, priced.orders[0], address, shop, attribution, shares, terms())
    order = await _insert(db, order)
    await coupons.use(db, order.checkout_id, priced.used, buyer.id)
    await timers.set_timer(db, kind=EXPIRE, key=str(order.id), due_at=order.pay_before)
    await note_history(db, order, at=order.created_at, actor="buyer", actor_id=buyer.id, why="trade.why.placed")
    await publish(db, OrderPlaced(**about(order, order.created_at)))
    # Last: everybody who wants this SKU waits for its row from here to the commit.
    await goods.hold(db, order.id, asked, buyer_id=buyer.id)
    return order


def _draft(
    buyer: Caller,
    wanted: Wanted,
    priced: PricedOrder,
    address: AddressView,
    shop: ShopView,
    attribution: Attribution,
    shares: FrozenShares,
    house: Terms,
) -> Order:
    now = clock.now()
    rules.check_total(priced.total_fen)
    lines = tuple(_line(line, shares, house) for line in priced.lines)
    parts = rules.divide(lines, priced.freight_fen, has_creator=attribution.creator_id is not None)
    order_id = OrderId(new_id())
    return Order(
        id=order_id,
        checkout_id=order_id,
        number="",
        buyer_id=PersonId(buyer.id),
        buyer_nickname=rules.masked(buyer.nickname),
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
        address=_delivery(address),
        source=attribution.source,
        source_title=attribution.title,
        creator_id=attribution.creator_id,
        agency_id=shares.agency_id,
        agency_bps=shares.agency_bps,
        leader_id=shares.leader_id,
        leader_bps=shares.leader_bps,
        note=wanted.note or None,
        created_at=now,
        pay_before=rules.due(now, house.pay_seconds, house),
    )


def _line(priced: PricedLine, shares: FrozenShares, house: Terms) -> OrderLine:
    quoted = priced.quoted
    commission_bps, platform_fee_bps = rules.frozen_rates(shares.line_bps.get(quoted.product_id, 0), house)
    return OrderLine(
        id=LineId(new_id()),
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
    )


def _delivery(address: AddressView) -> DeliveryAddress:
    return DeliveryAddress(
        name=address.name,
        phone=address.phone,
        phone_masked=address.phone_masked,
        province=address.province,
        city=address.city,
        district=address.district,
        detail=address.detail,
    )


async def _insert(db: Db, order: Order) -> Order:
    """Two orders of one millisecond may draw the same number: then draw again."""
    for _ in range(NUMBER_TRIES_MAX):
        numbered = replace(order, number=rules.order_number(order.created_at, secrets.randbelow(1_000_000)))
        if await insert_order(db, numbered):
            return numbered
    raise RuntimeError(f"no free order number in {NUMBER_TRIES_MAX} draws")
