"""Writing what happened to an order: its row, its history line and its event, always together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel.db import Db
from kaibo.kernel.rows import insert_many
from kaibo.trade.contracts import OrderedLine, OrderState
from kaibo.trade.orders.model import Actor, Order
from kaibo.trade.orders.tables import order_history, orders


async def change_order(db: Db, order: Order, *columns: str) -> None:
    """Write the state and the named columns of an order that this transaction has locked."""
    values: dict[str, Any] = {name: getattr(order, name) for name in columns} | {"state": order.state.value}
    await db.execute(update(orders).where(orders.c.id == order.id).values(values))


async def note_history(
    db: Db,
    order: Order,
    *,
    at: datetime,
    actor: Actor,
    why: str,
    actor_id: UUID | None = None,
    said: str | None = None,
) -> None:
    """One line of the order's history. `why` is a word key ("trade.why.…"), `said` what the person wrote.

    That it was placed is not written here: the order itself says when, by whom and where.
    """
    row = {"order_id": order.id, "shop_id": order.shop_id, "at": at, "state": order.state.value}
    row |= {"actor": actor, "actor_id": actor_id, "why": why, "said": said or None}
    await db.execute(order_history.insert().values(row))


async def mark_settled(db: Db, order_ids: Sequence[UUID], at: datetime) -> None:
    """Write that these locked orders are settled."""
    o = orders
    await db.execute(update(o).where(o.c.id.in_(order_ids)).values(state=OrderState.SETTLED.value, settled_at=at))


async def note_histories(db: Db, found: Sequence[Order], *, at: datetime, actor: Actor, why: str) -> None:
    """The same line in the history of several orders."""
    rows = [
        {"order_id": one.id, "shop_id": one.shop_id, "at": at, "state": one.state.value, "actor": actor, "why": why}
        for one in found
    ]
    await insert_many(db, order_history, rows)


def about(order: Order, at: datetime) -> dict[str, Any]:
    """The members that every order event carries."""
    return {
        "order_id": order.id,
        "number": order.number,
        "buyer_id": order.buyer_id,
        "buyer_nickname": order.buyer_nickname,
        "shop_id": order.shop_id,
        "source": order.source,
        "creator_id": order.creator_id,
        "lines": [
            OrderedLine(line.sku_id, line.product_id, line.title, line.quantity, line.line_fen) for line in order.lines
        ],
        "total_fen": order.total_fen,
        "at": at,
    }
