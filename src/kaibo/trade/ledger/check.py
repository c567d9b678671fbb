"""Recompute the whole ledger from its entries and hold it against the orders.

A large book is read in stretches (`STRETCH_ROWS` ids at a time), so that no single statement grows with the book.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.ledger.check_rules import RULES, Over

FAULTS_MAX = 100
STRETCH_ROWS = 20_000

_LOWEST, _HIGHEST = UUID(int=0), UUID(int=2**128 - 1)
_TABLES: dict[Over, str] = {
    "transactions": "trade.ledger_transactions",
    "accounts": "trade.ledger_accounts",
    "holds": "trade.ledger_holds",
    "orders": "trade.orders",
    "buyers": "trade.point_accounts",
}
_BY_KIND = """
    SELECT a.kind, a.currency, count(*) AS accounts, coalesce(sum(s.fen), 0)::bigint AS fen FROM trade.ledger_accounts a
    LEFT JOIN LATERAL (SELECT sum(e.fen) AS fen FROM trade.ledger_entries e WHERE e.account_id = a.id) s ON true
    WHERE a.id > :after AND a.id <= :upto GROUP BY a.kind, a.currency
"""


@dataclass(frozen=True)
class Fault:
    """`rule` is the key of a rule (and of a word, "trade.ledger_fault.<rule>"), `what` says where it is broken."""

    rule: str
    what: str


@dataclass(frozen=True)
class KindSum:
    """The accounts of a kind and a currency, and what all of them together have."""

    kind: str
    currency: str
    accounts: int
    balance_fen: int


@dataclass(frozen=True)
class LedgerReport:
    """`sum_fen` of everything must be 0 and `faults` empty (the first FAULTS_MAX of them)."""

    sum_fen: int
    transactions: int
    faults: tuple[Fault, ...]
    kinds: tuple[KindSum, ...]
    checked_at: datetime


async def check_ledger(db: Db, *, stretch_rows: int = STRETCH_ROWS) -> LedgerReport:
    """Reads every entry: at night, for the command line and the tests; never in a request (see check_books.py)."""
    stretches = {over: [one async for one in _stretches(db, table, stretch_rows)] for over, table in _TABLES.items()}
    faults: list[Fault] = []
    for name, rule in RULES.items():
        for values in [{}] if rule.over is None else stretches[rule.over]:
            if len(faults) < FAULTS_MAX:
                rows = await db.execute(text(rule.statement), values)
                faults += [Fault(name, str(row[0])) for row in rows.fetchmany(FAULTS_MAX - len(faults))]
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for values in stretches["accounts"]:
        for row in await db.execute(text(_BY_KIND), values):
            accounts, fen = sums.get((row.kind, row.currency), (0, 0))
            sums[row.kind, row.currency] = (accounts + row.accounts, fen + row.fen)
    number = await db.scalar(text("SELECT count(*) FROM trade.ledger_transactions"))
    return LedgerReport(
        sum_fen=sum(fen for _, fen in sums.values()),
        transactions=int(number or 0),
        faults=tuple(faults),
        kinds=tuple(KindSum(kind, currency, *found) for (kind, currency), found in sorted(sums.items())),
        checked_at=clock.now(),
    )


async def _stretches(db: Db, table: str, rows: int) -> AsyncIterator[dict[str, UUID]]:
    """Stretches of about `rows` ids that together are all ids there can be."""
    after = _LOWEST
    end = text(f"SELECT id FROM {table} WHERE id > :after ORDER BY id OFFSET :skip LIMIT 1")  # noqa: S608 (our own tables)
    while (upto := await db.scalar(end, {"after": after, "skip": rows - 1})) is not None:
        yield {"after": after, "upto": UUID(str(upto))}
        after = UUID(str(upto))
    yield {"after": after, "upto": _HIGHEST}
