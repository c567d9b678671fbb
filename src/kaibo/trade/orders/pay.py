"""The order is paid: what was held is sold, the merchant's clock starts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderPaid, OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.orders.terms import terms
from kaibo.trade.points import hold as points
from kaibo.trade.pricing import coupons
from kaibo.trade.pricing.traded import traded_fen


async def mark_paid(db: Db, order: Order, paid_at: datetime, *, ship_seconds: int | None = None) -> Order:
    """For a locked order in state placed; also one that was on its way out, as long as its stock is still held; also one that had
    expired, once `goods.retake` has set its pieces aside again; also a presale whose balance has come.

    `paid_at` is the provider's time. The promise to ship (`ship_seconds`, default the house's) runs from our own clock: theirs may
    differ.
    """
    was_expired = order.state is OrderState.EXPIRED
    if not was_expired:
        rules.require(order, OrderState.PAID, "pay")
    now, house = clock.now(), terms()
    was_closing = order.closing is not None
    paid = replace(
        order,
        state=OrderState.PAID,
        paid_at=paid_at,
        ship_before=rules.due(now, house.ship_seconds if ship_seconds is None else ship_seconds, house),
        closing=None,
        closing_why=None,
    )
    await change_order(db, paid, "paid_at", "ship_before", "closing", "closing_why")
    await coupons.spent(db, paid.checkout_id)
    await points.spend(db, paid)
    await goods.consume(db, paid.id, traded_fen(paid))
    why = "trade.why.paid_just_in_time" if was_closing else "trade.why.paid"
    if was_expired:
        why = "trade.why.paid_after_expiry"
    await note_history(db, paid, at=now, actor="payment", why=why)
    await publish(db, OrderPaid(**about(paid, now)))
    return paid
