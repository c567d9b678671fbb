"""The timer `trade.presale.close_unpaid`: the time to pay the balance is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders.record import change_order
from kaibo.trade.orders.timers import order_of_timer
from kaibo.trade.payment.lookup import live_charge
from kaibo.trade.payment.start import QUERY
from kaibo.trade.presales.close_unpaid import close_unpaid
from kaibo.trade.presales.take_deposit import CLOSE_UNPAID


async def close_by_time(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """Where a balance may still be paid the provider closes its charge first; if it says "paid" instead, the order goes on."""
    order = await order_of_timer(db, CLOSE_UNPAID, key)
    if order is None or order.state is not OrderState.RESERVED or order.closing is not None:
        return
    charge = await live_charge(db, order.checkout_id)
    if charge is None:
        await close_unpaid(db, order)
        return
    await change_order(db, replace(order, closing="expired"), "closing")
    await timers.set_timer(db, kind=QUERY, key=str(charge.id), due_at=clock.now())
