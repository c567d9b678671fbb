"""The check of the whole ledger: every night, when an operator asks, and on the command line. What it found is kept.

It reads a snapshot of the books (everything as it was at one instant, while orders go on) on a connection of its own, whose
statements may take longer than a request's.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from kaibo.kernel import clock, jobs, timers
from kaibo.kernel.db import Database, Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.telemetry import gauge, get_logger
from kaibo.trade.ledger.check import Fault, KindSum, LedgerReport, check_ledger
from kaibo.trade.ledger.tables import ledger_checks

log = get_logger(__name__)

CHECK = "trade.ledger.check"
CHECK_NIGHTLY = "trade.ledger.check_nightly"
NIGHTLY_HOUR_UTC = 20
"""Four in the morning in Beijing, when the fewest buy."""
STATEMENT_SECONDS_MAX = 600

faults_found = gauge("kaibo_ledger_faults", "Faults that the last check of the whole ledger found.")


@dataclass(frozen=True)
class Checked:
    """A check that was made; `seconds` is how long it took."""

    report: LedgerReport
    seconds: float


async def check_books(database: Database) -> LedgerReport:
    """Recompute everything as it stands at this instant."""
    async with database.snapshot(statement_seconds=STATEMENT_SECONDS_MAX) as db:
        return await check_ledger(db)


async def check_and_keep(database: Database, asked_by: UUID | None = None) -> LedgerReport:
    """The same, and the result stays for the operator's page. What is wrong also goes to the log and the metrics."""
    began = time.monotonic()
    report = await check_books(database)
    seconds = time.monotonic() - began
    async with database.transaction() as db:
        await db.execute(
            ledger_checks.insert().values(
                id=new_id(),
                at=report.checked_at,
                seconds=seconds,
                sum_fen=report.sum_fen,
                transactions=report.transactions,
                faults=[asdict(fault) for fault in report.faults],
                kinds=[asdict(kind) for kind in report.kinds],
                asked_by=asked_by,
            )
        )
    faults_found.set(len(report.faults) + (report.sum_fen != 0))
    told = {"transactions": report.transactions, "sum_fen": report.sum_fen, "faults": len(report.faults)}
    (log.error if report.faults or report.sum_fen else log.info)("ledger.checked", seconds=round(seconds, 1), **told)
    return report


async def ask_check(db: Db, by: UUID | None) -> None:
    """Have it done by a worker, soon."""
    await jobs.defer(db, CHECK, asked_by=None if by is None else str(by))


async def last_check(db: Db) -> Checked | None:
    row = (await db.execute(select(ledger_checks).order_by(ledger_checks.c.id.desc()).limit(1))).first()
    if row is None:
        return None
    faults = tuple(Fault(**fault) for fault in row.faults)
    kinds = tuple(KindSum(**kind) for kind in row.kinds)
    return Checked(LedgerReport(row.sum_fen, row.transactions, faults, kinds, row.at), row.seconds)


async def check_nightly(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer `trade.ledger.check_nightly`, which sets itself again."""
    now = clock.now()
    tonight = now.replace(hour=NIGHTLY_HOUR_UTC, minute=0, second=0, microsecond=0)
    last = tonight if now >= tonight else tonight - timedelta(days=1)
    if not await db.scalar(text("SELECT 1 FROM trade.ledger_checks WHERE at >= :last LIMIT 1"), {"last": last}):
        await ask_check(db, None)
    await timers.set_timer(db, kind=CHECK_NIGHTLY, key=key, due_at=last + timedelta(days=1))
