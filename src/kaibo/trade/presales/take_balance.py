"""The balance is paid: the order goes on like any other that is paid, with the presale's own time to ship."""

from __future__ import annotations

from datetime import datetime

from kaibo.kernel.db import Db
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.pay import mark_paid
from kaibo.trade.orders.terms import DAY_SECONDS
from kaibo.trade.presales.close_unpaid import decide
from kaibo.trade.presales.lookup import part_of


async def take_balance(db: Db, order: Order, paid_at: datetime) -> Order:
    """reserved -> paid, for a locked order; the deposit is part of the price. Raises WrongState."""
    ours = await part_of(db, order.id)
    paid = await mark_paid(db, order, paid_at, ship_seconds=ours.ship_days * DAY_SECONDS)
    await decide(db, order.id, "credited")
    return paid
