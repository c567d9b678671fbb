"""A refund after the settlement: everybody gives back their share, at the rate that was frozen, of what goes back to the buyer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.contracts import LineId, OrderState, WrongState
from kaibo.trade.ledger.post import Posting, PostingKind, post
from kaibo.trade.orders.model import Order
from kaibo.trade.settlement import rules
from kaibo.trade.settlement.legs import entries
from kaibo.trade.settlement.rules import SHARES, Shares
from kaibo.trade.settlement.tables import settlement_lines, take_backs


async def take_back(
    db: Db, order: Order, *, key: str, line_refunds: Sequence[tuple[LineId, int]], freight_fen: int, by: str
) -> None:
    """Post the shares of a refund of a settled order back into its escrow, once for each `key`.

    The order is locked by the caller, who promises the refund in the same transaction. `line_refunds` are fen of the lines' goods,
    `freight_fen` is of the freight. Balances may go below zero; later settlements make them good. Raises WrongState where the order
    is not settled, ValueError where more is to go back than is left of the lines.
    """
    if order.state is not OrderState.SETTLED:
        raise WrongState(state=order.state.value, action="take_back")
    known = select(take_backs.c.id).where(take_backs.c.key == key).limit(1)
    if (await db.execute(known)).first() is not None:
        return
    back = rules.take_refunds(await shares_left(db, order), line_refunds, freight_fen)
    if not back:
        return
    rows = [
        {"key": key, "line_id": line_id, **_whose(order), "by": by, "at": clock.now(), **vars(shares)}
        for line_id, shares in back.items()
    ]
    await db.execute(take_backs.insert(), rows)
    legs = entries(order, rules.total(list(back.values())), -1)
    why = "trade.why.ledger_take_back"
    await post(db, Posting(PostingKind.TAKE_BACK, f"take_back:{key}", order.id, why, by, legs))


async def shares_left(db: Db, order: Order) -> dict[LineId, Shares]:
    """What everybody still has of each line of a settled order."""
    had = await _sums(db, settlement_lines, order.id) or await _remember(db, order)
    gone = await _sums(db, take_backs, order.id)
    return {line_id: shares - gone.get(line_id, Shares()) for line_id, shares in had.items()}


def _whose(order: Order) -> dict[str, UUID]:
    return {"order_id": order.id, "shop_id": order.shop_id}


async def _sums(db: Db, table: Any, order_id: UUID) -> dict[LineId, Shares]:
    columns = [func.sum(table.c[name]).label(name) for name in SHARES]
    query = select(table.c.line_id, *columns).where(table.c.order_id == order_id).group_by(table.c.line_id)
    rows = await db.execute(query.order_by(table.c.line_id))
    return {LineId(row.line_id): Shares(*(int(getattr(row, name)) for name in SHARES)) for row in rows}


async def _remember(db: Db, order: Order) -> dict[LineId, Shares]:
    """An order that was settled before lines were kept: nothing had been refunded of it, so its lines divide as they did then."""
    divided = rules.divide_order(order)
    rows = [{"line_id": line_id, **_whose(order), **vars(shares)} for line_id, shares in divided.items()]
    await db.execute(insert(settlement_lines).values(rows).on_conflict_do_nothing())
    return divided
