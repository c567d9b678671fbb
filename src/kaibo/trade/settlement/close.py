"""The timer `trade.settlement.close`: divide the order's money and pay it out inside the ledger. Happens once an order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderSettled, OrderState
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders import rules
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.orders.model import Order, Split
from kaibo.trade.orders.receive import SETTLE
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.orders.timers import order_of_timer
from kaibo.trade.settlement.tables import settlements


async def settle_order(db: Db, order_id: UUID) -> Order:
    """received -> settled. Settling again changes nothing. Raises OrderMissing, WrongState."""
    order = await lock_order(db, order_id)
    if order.state is OrderState.SETTLED:
        return order
    rules.require(order, OrderState.SETTLED, "settle")
    now = clock.now()
    parts = rules.divide(order.lines, order.freight_fen, has_creator=order.creator_id is not None)
    settled = replace(order, state=OrderState.SETTLED, settled_at=now)
    await change_order(db, settled, "settled_at")
    await _post(db, settled, parts)
    await db.execute(
        settlements.insert().values(
            order_id=order.id,
            shop_id=order.shop_id,
            creator_id=order.creator_id,
            total_fen=order.total_fen,
            merchant_fen=parts.merchant_fen,
            creator_fen=parts.creator_fen,
            platform_fen=parts.platform_fen,
            at=now,
        )
    )
    await note_history(db, settled, at=now, actor="system", why="trade.why.settled")
    await publish(db, OrderSettled(**about(settled, now), **vars(parts)))
    return settled


async def _post(db: Db, order: Order, parts: Split) -> None:
    targets = [
        (Account(AccountKind.MERCHANT_PAYABLE, order.shop_id), parts.merchant_fen),
        (Account(AccountKind.PLATFORM_FEE), parts.platform_fen),
    ]
    if order.creator_id is not None:
        targets.append((Account(AccountKind.CREATOR_COMMISSION, order.creator_id), parts.creator_fen))
    entries = move(Account(AccountKind.ESCROW, order.shop_id), *targets)
    why = "trade.why.ledger_settlement"
    await post(db, Posting(PostingKind.SETTLEMENT, f"settlement:{order.id}", order.id, why, "system", entries))


async def settle_by_time(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The after-sales window is over. An order that has meanwhile gone another way is left alone."""
    order = await order_of_timer(db, SETTLE, key)
    if order is not None and order.state is OrderState.RECEIVED:
        await settle_order(db, order.id)
