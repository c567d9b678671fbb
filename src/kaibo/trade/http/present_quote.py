"""What a checkout would cost, as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from kaibo.kernel.i18n import Locale
from kaibo.people.contracts import ShopId
from kaibo.trade.points.wire import PointsOfferWire
from kaibo.trade.pricing.model import Priced
from kaibo.trade.pricing.price import PointsOffer
from kaibo.trade.pricing.wire import OrderPrice, steps_of, unused_wire, used_of
from kaibo.trade.wire import Quote, QuoteLine


def quote_wire(
    lines: list[QuoteLine],
    priced: Priced,
    points: PointsOffer | None,
    shop_names: Mapping[ShopId, str],
    locale: Locale,
) -> Quote:
    orders = [
        OrderPrice(
            shop_id=order.shop_id,
            shop_name=shop_names[order.shop_id],
            goods_fen=order.goods_fen,
            discount_fen=order.discount_fen,
            platform_discount_fen=order.platform_discount_fen,
            freight_fen=order.freight_fen,
            total_fen=order.total_fen,
        )
        for order in priced.orders
    ]
    return Quote(
        lines=lines,
        goods_fen=sum(order.goods_fen for order in orders),
        discount_fen=sum(order.discount_fen for order in orders),
        platform_discount_fen=sum(order.platform_discount_fen for order in orders),
        freight_fen=sum(order.freight_fen for order in orders),
        total_fen=priced.total_fen,
        orders=orders,
        steps=steps_of(priced, locale),
        coupons_used=used_of(priced),
        coupons_unused=[unused_wire(one, locale) for one in priced.not_used],
        points=None if points is None else PointsOfferWire(**points._asdict()),
    )
