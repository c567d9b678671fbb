"""The buyer asks where the goods stay: the merchant gets it as a message, sees it in the order list, and programs hear of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.people import facade as people
from kaibo.trade.contracts import OrderReminded, OrderState, WrongState
from kaibo.trade.orders import rules
from kaibo.trade.orders.errors import RemindedAlready
from kaibo.trade.orders.lookup import lock_order, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.orders.tables import orders

SMS_EVERY_HOURS = 1
"""A shop whose buyers all remind it at once gets one message an hour; its order list shows every reminder."""
SMS_USELESS_HOURS = 24


async def remind_shop(db: Db, order_id: UUID, *, buyer_id: UUID) -> Order:
    """Of a paid order that has not been shipped, once a day. Raises OrderMissing, WrongState, RemindedAlready."""
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    if order.state is not OrderState.PAID:
        raise WrongState(state=order.state.value, action="remind")
    now = clock.now()
    if not rules.may_remind(order, now):
        raise RemindedAlready(hours=rules.REMIND_HOURS)
    reminded = replace(order, reminded_at=now)
    await _tell_owner(db, reminded)
    await change_order(db, reminded, "reminded_at")
    await note_history(db, reminded, at=now, actor="buyer", actor_id=buyer_id, why="trade.why.reminded")
    await publish(db, OrderReminded(**about(reminded, now)))
    return reminded


async def _tell_owner(db: Db, order: Order) -> None:
    o, now = orders, clock.now()
    lately = (o.c.shop_id == order.shop_id) & (o.c.state == OrderState.PAID.value)
    lately &= o.c.reminded_at > now - timedelta(hours=SMS_EVERY_HOURS)
    if await db.scalar(select(o.c.id).where(lately, o.c.id != order.id).limit(1)) is not None:
        return
    shop = (await people.shop_view(db, [order.shop_id])).get(order.shop_id)
    if shop is not None:
        useless_after = now + timedelta(hours=SMS_USELESS_HOURS)
        facts = {"shop": order.shop_name, "number": order.number}
        await people.tell_person(db, shop.owner_id, "shop_reminded", useless_after, **facts)
