"""The terms of trade out of the configuration, in the units the rules use."""

from __future__ import annotations

from kaibo.kernel import config
from kaibo.trade.orders.model import Terms

HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS


def terms() -> Terms:
    settings = config.current()
    return Terms(
        pay_seconds=settings.pay_seconds,
        ship_seconds=settings.ship_hours * HOUR_SECONDS,
        receive_seconds=settings.receive_days * DAY_SECONDS,
        after_sales_seconds=settings.after_sales_days * DAY_SECONDS,
        platform_fee_bps=settings.platform_fee_bps,
        scale=settings.trade_time_scale,
    )
