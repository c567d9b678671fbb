"""Hold a day of a provider against our books. Comparing again keeps what was worked off and drops what has gone away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.bills.days import bounds, today
from kaibo.trade.payment.methods import methods_at
from kaibo.trade.reconciliation import rules
from kaibo.trade.reconciliation.errors import DayClosed, DayNotOver
from kaibo.trade.reconciliation.rules import StatementRow
from kaibo.trade.reconciliation.tables import days, differences

_OURS = """
    SELECT 'charge' AS kind, c.out_trade_no AS number, c.amount_fen AS fen FROM trade.charges c
    WHERE c.method = ANY (:methods) AND c.state IN ('paid', 'paid_late') AND c.paid_at >= :since AND c.paid_at < :until
    UNION ALL
    SELECT 'refund', r.out_refund_no, r.fen FROM trade.refunds r JOIN trade.charges c ON c.id = r.charge_id
    WHERE c.method = ANY (:methods) AND r.state = 'done' AND r.done_at >= :since AND r.done_at < :until AND r.refund_id IS NOT NULL
"""


async def compare_day(db: Db, provider: str, day: date, rows: Sequence[StatementRow]) -> int:
    """Write the day down with every difference; returns how many are open. Raises DayNotOver, DayClosed."""
    if day >= today():
        raise DayNotOver(day=day.isoformat())
    kept = select(days.c.closed_at).where(days.c.provider == provider, days.c.day == day).with_for_update()
    closed = (await db.execute(kept)).first()
    if closed is not None and closed.closed_at is not None:
        raise DayClosed(day=day.isoformat())
    since, until = bounds(day)
    ours = {
        (row.kind, row.number): int(row.fen)
        for row in await db.execute(text(_OURS), {"methods": methods_at(provider), "since": since, "until": until})
    }
    found = rules.compare(rows, ours)
    values = {
        "rows": len(rows),
        "charged_fen": sum(row.fen for row in rows if row.kind == "charge"),
        "refunded_fen": sum(row.fen for row in rows if row.kind == "refund"),
        "fee_fen": sum(row.fee_fen for row in rows),
        "compared_at": clock.now(),
    }
    fresh = insert(days).values(provider=provider, day=day, **values)
    await db.execute(fresh.on_conflict_do_update(index_elements=["provider", "day"], set_=values))
    return await _keep(db, provider, day, found)


async def _keep(db: Db, provider: str, day: date, found: Sequence[rules.Found]) -> int:
    d = differences
    of_day = (d.c.provider == provider) & (d.c.day == day)
    still = {(one.wrong.value, one.kind, one.out_no) for one in found}
    were = await db.execute(select(d.c.id, d.c.wrong, d.c.kind, d.c.out_no).where(of_day, d.c.state == "open"))
    gone = [row.id for row in were if (row.wrong, row.kind, row.out_no) not in still]
    if gone:
        none = update(d).where(d.c.id == bindparam("gone")).values(state="gone", done_at=clock.now())
        await db.execute(none, [{"gone": row_id} for row_id in gone])
    if found:
        # On a day that the provider and the house tell quite differently these are as many as there were payments.
        fresh = insert(d)
        seen = {name: fresh.excluded[name] for name in ("provider_fen", "house_fen", "difference_fen")}
        kept = fresh.on_conflict_do_update(
            index_elements=["provider", "day", "wrong", "kind", "out_no"],
            set_=seen | {"state": "open", "done_at": None},
            where=or_(d.c.state == "open", d.c.state == "gone"),
        )
        await db.execute(kept, [_row(provider, day, one) for one in found])
    return len((await db.execute(select(d.c.id).where(of_day, d.c.state == "open"))).all())


def _row(provider: str, day: date, one: rules.Found) -> dict[str, Any]:
    return {
        "id": new_id(),
        "provider": provider,
        "day": day,
        "wrong": one.wrong.value,
        "kind": one.kind,
        "out_no": one.out_no,
        "provider_fen": one.provider_fen,
        "house_fen": one.house_fen,
        "difference_fen": one.difference_fen,
        "state": "open",
    }
