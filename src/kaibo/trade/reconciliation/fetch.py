"""Fetch a provider's statement and compare the day: every morning for yesterday, and when an operator asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import Any, cast

from sqlalchemy import text

from kaibo.kernel import clock, context, jobs, timers
from kaibo.kernel.db import Db
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.bills.days import bounds, today
from kaibo.trade.payment.methods import PROVIDERS, Provider, methods_at
from kaibo.trade.reconciliation.compare_day import compare_day
from kaibo.trade.reconciliation.errors import NoStatements
from kaibo.trade.reconciliation.rules import StatementRow

log = get_logger(__name__)

COMPARE = "trade.reconciliation.compare"
MORNING = "trade.reconciliation.morning"
MORNING_HOUR = 10
"""Beijing time: providers have yesterday's statement ready by then."""

Statements = Callable[[Provider, date], Awaitable[Sequence[StatementRow]]]
_statements: Statements | None = None


def install(statements: Statements | None) -> None:
    """Who fetches a provider's statement of a day; it is called while no transaction is open."""
    global _statements
    _statements = statements


async def fetch_and_compare(provider: str, day: date) -> int:
    """How many differences are open afterwards. Raises NoStatements, DayNotOver, DayClosed, and what the provider's side raises."""
    if _statements is None:
        raise NoStatements(provider=provider)
    rows = await _statements(cast(Provider, provider), day)
    async with context.database().transaction() as db:
        left = await compare_day(db, provider, day, rows)
    log.info("reconciliation.compared", provider=provider, day=day.isoformat(), rows=len(rows), open=left)
    return left


async def ask_comparison(db: Db, provider: str, day: date) -> None:
    """Have it done by a worker, soon."""
    await jobs.defer(db, COMPARE, provider=provider, day=day.isoformat())


async def every_morning(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer `trade.reconciliation.morning`, which sets itself again: yesterday, for every provider that took a payment."""
    now, this_day = clock.now(), today()
    ten = bounds(this_day)[0] + timedelta(hours=MORNING_HOUR)
    if now >= ten:
        since, until = bounds(this_day - timedelta(days=1))
        query = text("SELECT DISTINCT method FROM trade.charges WHERE paid_at >= :since AND paid_at < :until")
        used = {row.method for row in await db.execute(query, {"since": since, "until": until})}
        for provider in PROVIDERS:
            if used.intersection(methods_at(provider)) and _statements is not None:
                await ask_comparison(db, provider, this_day - timedelta(days=1))
        ten += timedelta(days=1)
    await timers.set_timer(db, kind=MORNING, key=key, due_at=ten)
