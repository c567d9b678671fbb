"""The timer `trade.settlement.close`: divide the order's money and pay it out inside the ledger. Happens once an order.

A timer that fires takes others that are due along, so that a quarter's end is settled in sets of hundreds of orders a transaction
instead of one by one. The same code settles one and a thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish_many
from kaibo.kernel.rows import insert_many
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.contracts import OrderSettled, OrderState, WrongState
from kaibo.trade.ledger.post import Posting, PostingKind, post_many
from kaibo.trade.orders import rules as order_rules
from kaibo.trade.orders.lookup import lock_free, lock_order
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.receive import SETTLE
from kaibo.trade.orders.record import about, mark_settled, note_histories
from kaibo.trade.orders.terms import terms
from kaibo.trade.orders.timers import AGAIN_SECONDS, order_of_timer
from kaibo.trade.points.earn import earn
from kaibo.trade.settlement import rules
from kaibo.trade.settlement.legs import entries
from kaibo.trade.settlement.rules import Shares
from kaibo.trade.settlement.tables import settlement_lines, settlements

log = get_logger(__name__)

SET_ORDERS_MAX = 500
CASES_LOOK_SECONDS = 3600
"""How long an order with an open after-sales case waits until it is looked at again."""


async def settle_order(db: Db, order_id: UUID) -> Order:
    """received -> settled. Settling again changes nothing. Raises OrderMissing; WrongState, also while a case is open."""
    order = await lock_order(db, order_id)
    if order.state is OrderState.SETTLED:
        return order
    order_rules.require(order, OrderState.SETTLED, "settle")
    if order.open_cases or order.refunded_fen == order.total_fen:
        raise WrongState(state=order.state.value, action="settle")
    return (await settle_locked(db, [order]))[0]


async def settle_locked(db: Db, orders: Sequence[Order]) -> list[Order]:
    """Settle orders that are received, locked, without an open case, and of which something is left."""
    now = clock.now()
    settled = [replace(order, state=OrderState.SETTLED, settled_at=now) for order in orders]
    divided = [rules.divide_order(order) for order in settled]
    totals = [rules.total(list(lines.values())) for lines in divided]
    await mark_settled(db, [order.id for order in settled], now)
    await insert_many(db, settlements, [_row(order, t, now) for order, t in zip(settled, totals, strict=True)])
    await insert_many(
        db,
        settlement_lines,
        [
            {"line_id": line_id, "order_id": order.id, "shop_id": order.shop_id, **vars(shares)}
            for order, lines in zip(settled, divided, strict=True)
            for line_id, shares in lines.items()
        ],
    )
    await post_many(db, [_posting(order, t) for order, t in zip(settled, totals, strict=True)])
    await earn(db, [(order, shares.goods_fen) for order, shares in zip(settled, totals, strict=True)])
    await note_histories(db, settled, at=now, actor="system", why="trade.why.settled")
    await publish_many(db, [_event(order, t, now) for order, t in zip(settled, totals, strict=True)])
    return settled


def _posting(order: Order, shares: Shares) -> Posting:
    legs = entries(order, shares, 1)
    return Posting(
        PostingKind.SETTLEMENT, f"settlement:{order.id}", order.id, "trade.why.ledger_settlement", "system", legs
    )


def _row(order: Order, shares: Shares, now: datetime) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "shop_id": order.shop_id,
        "creator_id": order.creator_id,
        "agency_id": order.agency_id,
        "leader_id": order.leader_id,
        "total_fen": shares.buyer_fen,
        "subsidy_fen": shares.subsidy_fen,
        "points_fen": shares.points_fen,
        "merchant_fen": shares.shop_fen,
        "creator_fen": shares.creator_fen,
        "agency_fen": shares.agency_fen,
        "leader_fen": shares.leader_fen,
        "platform_fen": shares.platform_fen,
        "at": now,
    }


def _event(order: Order, shares: Shares, now: datetime) -> OrderSettled:
    return OrderSettled(
        **about(order, now),
        merchant_fen=shares.shop_fen,
        creator_fen=shares.creator_fen,
        agency_fen=shares.agency_fen,
        leader_fen=shares.leader_fen,
        platform_fen=shares.platform_fen,
        subsidy_fen=shares.subsidy_fen,
        refunded_fen=order.refunded_fen,
    )


async def settle_by_time(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The after-sales window is over, for this order and for others whose timers are due too."""
    order = await order_of_timer(db, SETTLE, key)
    if order is None:
        return
    try:
        async with db.begin_nested():
            await _settle_due(db, [order, *await _others_due(db)])
    except Exception as wrong:
        # One order that cannot be settled must not keep the others: each then has its own try, with its own timer.
        log.error("settlement.set_failed", error=repr(wrong))
        await _settle_due(db, [order])


async def settle_set(db: Db, limit: int = SET_ORDERS_MAX) -> int:
    """Settle up to `limit` orders whose timers are due in this transaction; returns how many timers were taken."""
    due = await _others_due(db, limit)
    await _settle_due(db, due)
    return len(due)


async def _others_due(db: Db, limit: int = SET_ORDERS_MAX) -> list[Order]:
    """Orders of due timers, locked, their timers taken. One that is being worked on elsewhere gets its timer back."""
    keys = await timers.take_due(db, kind=SETTLE, limit=limit)
    found = await lock_free(db, [UUID(key) for key in keys])
    busy = set(keys) - {str(order.id) for order in found}
    again = clock.now() + timedelta(seconds=AGAIN_SECONDS)
    for key in sorted(busy):
        await timers.set_timer(db, kind=SETTLE, key=key, due_at=again)
    return found


async def _settle_due(db: Db, orders: Sequence[Order]) -> None:
    """Settle those that may be settled now. One that has gone another way, or of which nothing is left, is let go."""
    house = terms()
    ready = []
    for order in orders:
        if order.state is not OrderState.RECEIVED or order.refunded_fen == order.total_fen:
            continue
        if order.open_cases:
            due_at = order_rules.due(clock.now(), CASES_LOOK_SECONDS, house)
            await timers.set_timer(db, kind=SETTLE, key=str(order.id), due_at=due_at)
            continue
        ready.append(order)
    if ready:
        await settle_locked(db, ready)
