"""Points are earned when an order is settled: what could be refunded without a reason cannot come back any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.rows import insert_many
from kaibo.trade.orders.model import Order
from kaibo.trade.points import rules
from kaibo.trade.points.record import cause, entry, lock_accounts, pay_debts
from kaibo.trade.points.tables import point_entries, point_lots
from kaibo.trade.points.terms import current_terms


async def earn(db: Db, settled: Sequence[tuple[Order, int]]) -> None:
    """For orders that are being settled in this transaction, with the fen that were paid, and kept, for their goods. An order earns
    once. In as many statements for hundreds as for one; one where points are off.
    """
    terms = await current_terms(db)
    if not terms.on or not settled:
        return
    now = clock.now()
    ends, lots, entries = rules.expires_at(now, terms.expire_months), list[dict[str, Any]](), list[dict[str, Any]]()
    for order, goods_fen in settled:
        if points := rules.earned(goods_fen, terms.earn_fen_per_point):
            lot_id = new_id()
            lots.append(
                {
                    "id": lot_id,
                    "buyer_id": order.buyer_id,
                    "kind": "earned",
                    "points": points,
                    "left_points": points,
                    "order_id": order.id,
                    "earn_fen_per_point": terms.earn_fen_per_point,
                    "at": now,
                    "expires_at": ends,
                }
            )
            entries.append(entry(cause(order.buyer_id, "earned", order.id), lot_id, points))
    buyers = {lot["buyer_id"] for lot in lots}
    await lock_accounts(db, buyers, make=True)
    await insert_many(db, point_lots, lots)
    await insert_many(db, point_entries, entries)
    if buyers:
        await pay_debts(db, buyers)
