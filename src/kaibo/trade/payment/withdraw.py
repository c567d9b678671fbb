"""Take an unpaid order out of the world: the buyer cancels, or its time is over.

Where a charge may still be paid, the provider closes it *before* the stock is released. Otherwise a payment could arrive for
pieces that somebody else has bought meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders.cancel import cancel_order
from kaibo.trade.orders.closing import begin_closing
from kaibo.trade.orders.expire import expire_order
from kaibo.trade.orders.lookup import lock_if_free, lock_order, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.payment.lookup import live_charge
from kaibo.trade.payment.model import ChargeId
from kaibo.trade.payment.start import QUERY

CLOSE_AGAIN_SECONDS = 5


async def withdraw_order(db: Db, order_id: UUID, *, buyer_id: UUID, reason: str) -> tuple[Order, ChargeId | None]:
    """The buyer cancels. Either the order is cancelled, or its charge must be resolved first: then its id comes along.

    Cancelling again changes nothing. Raises OrderMissing, WrongState.
    """
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    if order.state is OrderState.CANCELLED:
        return order, None
    charge = await live_charge(db, order.id)
    if order.state is OrderState.PLACED and charge is not None:
        order = await begin_closing(db, order, "cancelled", reason=reason, by=buyer_id)
        due_at = clock.now() + timedelta(seconds=CLOSE_AGAIN_SECONDS)
        await timers.set_timer(db, kind=QUERY, key=str(charge.id), due_at=due_at)
        return order, charge.id
    return await cancel_order(db, order, reason=reason, by=buyer_id), None


async def expire_by_time(db: Db, order_id: UUID) -> None:
    """The time to pay is over. Nothing happens where somebody else is at the order: it is still due when they are done."""
    order = await lock_if_free(db, order_id)
    if order is None or order.state is not OrderState.PLACED or order.closing is not None:
        return
    charge = await live_charge(db, order.id)
    if charge is None:
        await expire_order(db, order)
        return
    await begin_closing(db, order, "expired")
    await timers.set_timer(db, kind=QUERY, key=str(charge.id), due_at=clock.now())
