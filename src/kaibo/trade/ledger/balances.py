"""Reading the ledger: balances and statements, always summed from the entries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select

from kaibo.kernel.db import Db
from kaibo.trade.ledger.post import Account
from kaibo.trade.ledger.tables import ledger_accounts, ledger_entries, ledger_transactions
from kaibo.trade.orders.tables import orders

ACCOUNTS_MAX = 1_000


@dataclass(frozen=True)
class AccountBalance:
    kind: str
    owner_id: UUID | None
    balance_fen: int


@dataclass(frozen=True)
class StatementLine:
    """One entry of an account; `balance_fen` is the account's balance after it."""

    position: int
    at: datetime
    kind: str
    order_number: str | None
    amount_fen: int
    balance_fen: int
    why: str


def _sum(column: Any) -> Any:
    # sum(bigint) is numeric in PostgreSQL and would come back as Decimal.
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _of(account: Account) -> Any:
    a = ledger_accounts
    return (a.c.kind == account.kind.value) & a.c.owner_id.is_not_distinct_from(account.owner_id)


async def balance(db: Db, account: Account) -> int:
    """In fen; 0 for an account that has never been used."""
    joined = ledger_entries.join(ledger_accounts)
    return int(await db.scalar(select(_sum(ledger_entries.c.fen)).select_from(joined).where(_of(account))) or 0)


async def balances(db: Db) -> list[AccountBalance]:
    """Every account, largest first within a kind; ACCOUNTS_MAX at most."""
    a, e = ledger_accounts, ledger_entries
    total = _sum(e.c.fen).label("total")
    query = (
        select(a.c.kind, a.c.owner_id, total)
        .select_from(a.outerjoin(e))
        .group_by(a.c.id)
        .order_by(a.c.kind, func.abs(total).desc())
        .limit(ACCOUNTS_MAX)
    )
    return [AccountBalance(row.kind, row.owner_id, int(row.total)) for row in await db.execute(query)]


async def statement(db: Db, account: Account, *, before: int | None, limit: int) -> list[StatementLine]:
    """The entries of an account, newest first; `before` is the position of the last line of the page before."""
    a, e, t = ledger_accounts, ledger_entries, ledger_transactions
    account_id = select(a.c.id).where(_of(account)).scalar_subquery()
    mine = e.c.account_id == account_id
    upto = mine if before is None else mine & (e.c.position < before)
    running = int(await db.scalar(select(_sum(e.c.fen)).where(upto)) or 0)
    query = (
        select(e.c.position, e.c.fen, t.c.at, t.c.kind, t.c.why, orders.c.number)
        .select_from(e.join(t).outerjoin(orders, orders.c.id == t.c.order_id))
        .where(upto)
        .order_by(e.c.position.desc())
        .limit(limit)
    )
    found = []
    for row in await db.execute(query):
        found.append(StatementLine(row.position, row.at, row.kind, row.number, row.fen, running, row.why))
        running -= row.fen
    return found
