"""What a piece of each line was traded for, as the law on struck prices means it. Pure."""

from __future__ import annotations

from kaibo.goods.contracts import SkuId
from kaibo.trade.orders.model import Order


def traded_fen(order: Order) -> dict[SkuId, int]:
    """By SKU: the line after all coupons, a piece, rounded down. A lower figure is the stricter one.

    A state subsidy and points lower nobody's price: they pay a part of it.
    """
    coupons = [0] * len(order.lines)
    for step in order.explanation:
        if step["kind"] == "platform_coupon":
            coupons = [off + more for off, more in zip(coupons, step["lines"], strict=True)]
    return {
        line.sku_id: (line.line_fen - line.discount_fen - off) // line.quantity
        for line, off in zip(order.lines, coupons, strict=True)
    }
