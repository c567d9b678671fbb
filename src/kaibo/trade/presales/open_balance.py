"""The timer `trade.presale.open_balance`: the balance can be paid from now on, and the buyer is told."""

from __future__ import annotations

from typing import Any

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderState
from kaibo.trade.contracts.presales import OrderBalanceDue
from kaibo.trade.orders import rules
from kaibo.trade.orders.record import about, note_history
from kaibo.trade.orders.timers import order_of_timer
from kaibo.trade.presales.take_deposit import OPEN_BALANCE


async def open_balance(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """One line in the order's history and one event. An order that has gone another way meanwhile is let go."""
    order = await order_of_timer(db, OPEN_BALANCE, key)
    if order is None or order.state is not OrderState.RESERVED:
        return
    now = clock.now()
    await note_history(db, order, at=now, actor="system", why="trade.why.balance_open")
    due_fen, until = rules.due_fen(order), order.pay_before
    await publish(db, OrderBalanceDue(**about(order, now), balance_fen=due_fen, pay_before=until))
