"""Orders whose time to pay is over, some hundreds at a time. The index on `pay_before` of unpaid orders is their timer (ADR 7)."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from kaibo.kernel import clock
from kaibo.kernel.db import Database, Db
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders.expire import expire_orders
from kaibo.trade.orders.lookup import find_orders
from kaibo.trade.orders.tables import orders
from kaibo.trade.payment.lookup import charged_among
from kaibo.trade.payment.withdraw import expire_by_time

SWEEP_ORDERS = 500


async def sweep_unpaid(database: Database) -> bool:
    """Expire what can be expired at once; have the provider close the charges of the rest. True where more may be due."""
    async with database.transaction() as db:
        due = await _lock_due(db)
        checkouts = await charged_among(db, {row.checkout_id for row in due}) if due else set()
        free = [row.id for row in due if row.checkout_id not in checkouts]
        found = await find_orders(db, free)
        if found:
            await expire_orders(db, list(found.values()))
    for row in due:
        if row.checkout_id in checkouts:
            async with database.transaction() as db:
                await expire_by_time(db, row.id)
    return len(due) == SWEEP_ORDERS


async def _lock_due(db: Db) -> list[Any]:
    """Unpaid orders that are due, locked; a checkout comes whole or, while somebody is at one of its orders, not at all."""
    o = orders
    unpaid = (o.c.state == OrderState.PLACED.value) & o.c.closing.is_(None)
    query = select(o.c.id, o.c.checkout_id).where(unpaid, o.c.pay_before <= clock.now()).order_by(o.c.pay_before)
    rows = list(await db.execute(query.limit(SWEEP_ORDERS).with_for_update(skip_locked=True)))
    if not rows:
        return []
    locked: Counter[UUID] = Counter(row.checkout_id for row in rows)
    sizes = select(o.c.checkout_id, func.count()).where(o.c.checkout_id.in_(locked)).group_by(o.c.checkout_id)
    whole = {checkout_id for checkout_id, number in await db.execute(sizes) if number == locked[checkout_id]}
    return [row for row in rows if row.checkout_id in whole]
