"""Take an unpaid order out of the world: the buyer cancels, or its time is over.

Where a charge may still be paid, the provider closes it *before* the stock is released. Otherwise a payment could arrive for
pieces that somebody else has bought meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderState, WrongState
from kaibo.trade.orders.cancel import cancel_orders
from kaibo.trade.orders.closing import begin_closing
from kaibo.trade.orders.expire import expire_orders
from kaibo.trade.orders.lookup import find_order, lock_checkout, lock_checkout_if_free, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.payment.lookup import live_charge
from kaibo.trade.payment.model import ChargeId
from kaibo.trade.payment.start import QUERY

CLOSE_AGAIN_SECONDS = 5


async def withdraw_order(db: Db, order_id: UUID, *, buyer_id: UUID, reason: str) -> tuple[Order, ChargeId | None]:
    """The buyer cancels: the order and the others of its checkout, as they are paid at once or not at all.

    Either they are cancelled, or their charge must be resolved first: then its id comes along.

    Cancelling again changes nothing. Raises OrderMissing, WrongState.
    """
    found = require_buyer(await find_order(db, order_id), buyer_id)
    orders = await lock_checkout(db, found.checkout_id)
    order = next(one for one in orders if one.id == order_id)
    if order.state is OrderState.CANCELLED:
        return order, None
    if order.state is not OrderState.PLACED:
        raise WrongState(state=order.state.value, action="cancel")
    waiting = [one for one in orders if one.state is OrderState.PLACED]
    charge = await live_charge(db, order.checkout_id)
    if charge is not None:
        for one in waiting:
            await begin_closing(db, one, "cancelled", reason=reason, by=buyer_id)
        due_at = clock.now() + timedelta(seconds=CLOSE_AGAIN_SECONDS)
        await timers.set_timer(db, kind=QUERY, key=str(charge.id), due_at=due_at)
        return await find_order(db, order_id), charge.id
    await cancel_orders(db, waiting, reason=reason, by=buyer_id)
    return await find_order(db, order_id), None


async def expire_by_time(db: Db, order_id: UUID) -> None:
    """The time to pay is over, for all orders of the checkout at once.

    Nothing happens where somebody else is at one of them: they are still due when that is done.
    """
    found = await find_order(db, order_id)
    orders = await lock_checkout_if_free(db, found.checkout_id)
    if orders is None:
        return
    waiting = [order for order in orders if order.state is OrderState.PLACED and order.closing is None]
    if not waiting:
        return
    charge = await live_charge(db, found.checkout_id)
    if charge is None:
        await expire_orders(db, waiting)
    else:
        for order in waiting:
            await begin_closing(db, order, "expired")
        await timers.set_timer(db, kind=QUERY, key=str(charge.id), due_at=clock.now())
