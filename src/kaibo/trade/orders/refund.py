"""A refund before shipping. It is granted at once: nothing has left the shop, so there is nothing to look into.

The commission never arises, because it arises at settlement. Shipping and refunding lock the same row: one of them wins.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderRefunded, OrderState, WrongState
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Actor, Order
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.pricing import coupons


async def grant_refund(db: Db, order: Order, *, reason: str, actor: Actor, by: UUID | None = None) -> Order:
    """paid -> refunding, for a locked order of which nothing was shipped; the pieces return to stock. Raises WrongState."""
    rules.require(order, OrderState.REFUNDING, "refund")
    if order.first_shipped_at is not None:
        raise WrongState(state=OrderState.SHIPPED.value, action="refund")
    refunding = replace(order, state=OrderState.REFUNDING)
    await change_order(db, refunding)
    await goods.put_back(db, refunding.id)
    await note_history(
        db, refunding, at=clock.now(), actor=actor, actor_id=by, why="trade.why.refund_granted", said=reason
    )
    return refunding


async def finish_refund(db: Db, order: Order, *, refund_fen: int, reason: str) -> Order:
    """Everything paid for a locked order has gone back to its buyer: it is refunded. Raises WrongState."""
    rules.require(order, OrderState.REFUNDED, "finish_refund")
    now = clock.now()
    refunded = replace(order, state=OrderState.REFUNDED)
    await change_order(db, refunded)
    await coupons.give_back(db, refunded.checkout_id)
    await note_history(db, refunded, at=now, actor="payment", why="trade.why.refunded")
    await publish(db, OrderRefunded(**about(refunded, now), refund_fen=refund_fen, reason=reason))
    return refunded
