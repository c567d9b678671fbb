"""Reading the ledger: balances now and then, what is held, statements. Always from the entries, by way of the newest roll-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.ledger.accounts import Account
from kaibo.trade.ledger.write import account_ids

ACCOUNTS_MAX = 1_000


@dataclass(frozen=True)
class AccountBalance:
    """`leaving_fen` and `coming_fen` are held and not part of the balance yet."""

    id: UUID
    kind: str
    owner_id: UUID | None
    scope: str | None
    currency: str
    balance_fen: int
    leaving_fen: int
    coming_fen: int


@dataclass(frozen=True)
class Pending:
    """What holds will take from an account and bring to it if they are posted."""

    leaving_fen: int
    coming_fen: int


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
    order_id: UUID | None = None


_BALANCE = """
    (SELECT coalesce(max(r.balance_fen), 0) + coalesce((
        SELECT sum(e.fen) FROM trade.ledger_entries e
        WHERE e.account_id = a.id AND e.position > coalesce(max(r.upto), 0)), 0)
     FROM (SELECT upto, balance_fen FROM trade.ledger_rollups WHERE account_id = a.id ORDER BY upto DESC LIMIT 1) r)::bigint
"""
_HELD = """
    FROM trade.ledger_hold_entries he JOIN trade.ledger_holds h ON h.id = he.hold_id
    WHERE he.account_id = a.id AND (h.expires_at IS NULL OR h.expires_at > :now)
      AND NOT EXISTS (SELECT FROM trade.ledger_hold_ends x WHERE x.hold_id = h.id)
"""
_PENDING = f"""
    SELECT coalesce(-sum(he.fen) FILTER (WHERE he.fen < 0), 0)::bigint AS leaving,
           coalesce(sum(he.fen) FILTER (WHERE he.fen > 0), 0)::bigint AS coming {_HELD}
"""
_ACCOUNTS = f"""
    SELECT a.id, a.kind, a.owner_id, a.scope, a.currency, {_BALANCE} AS balance_fen, p.leaving, p.coming
    FROM trade.ledger_accounts a, LATERAL ({_PENDING}) p
"""  # noqa: S608 (our own text)
_BALANCE_AT = """
    SELECT (coalesce((SELECT sum(r.moved_fen) FROM trade.ledger_rollups r WHERE r.account_id = :id AND r.last_at <= :at), 0)
        + coalesce((
            SELECT sum(e.fen) FROM trade.ledger_rollups r JOIN trade.ledger_entries e
                ON e.account_id = r.account_id AND e.position > r.after AND e.position <= r.upto
            JOIN trade.ledger_transactions t ON t.id = e.transaction_id
            WHERE r.account_id = :id AND r.first_at <= :at AND r.last_at > :at AND t.at <= :at), 0)
        + coalesce((
            SELECT sum(e.fen) FROM trade.ledger_entries e JOIN trade.ledger_transactions t ON t.id = e.transaction_id
            WHERE e.account_id = :id AND t.at <= :at
              AND e.position > coalesce((SELECT max(upto) FROM trade.ledger_rollups WHERE account_id = :id), 0)), 0)
    )::bigint
"""
_RUNNING = """
    SELECT (coalesce((SELECT r.balance_fen FROM trade.ledger_rollups r
                      WHERE r.account_id = :id AND r.upto < :before ORDER BY r.upto DESC LIMIT 1), 0)
        + coalesce((SELECT sum(e.fen) FROM trade.ledger_entries e
                    WHERE e.account_id = :id AND e.position < :before
                      AND e.position > coalesce((SELECT max(upto) FROM trade.ledger_rollups
                                                 WHERE account_id = :id AND upto < :before), 0)), 0))::bigint
"""
_STATEMENT = """
    SELECT e.position, e.fen, t.at, t.kind, t.why, t.order_id, o.number
    FROM trade.ledger_entries e JOIN trade.ledger_transactions t ON t.id = e.transaction_id
    LEFT JOIN trade.orders o ON o.id = t.order_id
    WHERE e.account_id = :id AND e.position < :before ORDER BY e.position DESC LIMIT :limit
"""
_NEWEST = 2**63 - 1


async def balance(db: Db, account: Account) -> int:
    """In fen; 0 for an account that has never been used."""
    account_id = await _id(db, account)
    if account_id is None:
        return 0
    query = text(f"SELECT {_BALANCE} FROM trade.ledger_accounts a WHERE a.id = :id")  # noqa: S608 (our own text)
    return int(await db.scalar(query, {"id": account_id}) or 0)


async def balance_at(db: Db, account: Account, at: datetime) -> int:
    """The balance as it was at the instant `at` (transactions of that instant included), in fen."""
    account_id = await _id(db, account)
    return 0 if account_id is None else int(await db.scalar(text(_BALANCE_AT), {"id": account_id, "at": at}) or 0)


async def pending(db: Db, account: Account) -> Pending:
    """What is held from and for the account."""
    account_id = await _id(db, account)
    if account_id is None:
        return Pending(0, 0)
    query = text(f"SELECT p.* FROM (SELECT CAST(:id AS uuid) AS id) a, LATERAL ({_PENDING}) p")  # noqa: S608 (our own text)
    row = (await db.execute(query, {"id": account_id, "now": clock.now()})).one()
    return Pending(row.leaving, row.coming)


async def balances(
    db: Db,
    *,
    kind: str | None = None,
    owner_ids: Sequence[UUID] | None = None,
    account_id: UUID | None = None,
    limit: int = ACCOUNTS_MAX,
) -> list[AccountBalance]:
    """Accounts with their balances, largest first within a kind."""
    where, values = ["true"], dict[str, Any](now=clock.now(), limit=limit)
    if kind is not None:
        where.append("a.kind = :kind")
        values["kind"] = kind
    if owner_ids is not None:
        where.append("a.owner_id = ANY(CAST(:owners AS uuid[]))")
        values["owners"] = list(owner_ids)
    if account_id is not None:
        where.append("a.id = :account_id")
        values["account_id"] = account_id
    query = text(
        f"SELECT * FROM ({_ACCOUNTS} WHERE {' AND '.join(where)}) s ORDER BY kind, abs(balance_fen) DESC, id LIMIT :limit"  # noqa: S608 (our own text)
    )
    rows = await db.execute(query, values)
    return [
        AccountBalance(r.id, r.kind, r.owner_id, r.scope, r.currency, r.balance_fen, r.leaving, r.coming) for r in rows
    ]


async def balances_at(db: Db, ids: Sequence[UUID], at: datetime) -> dict[UUID, int]:
    """Balances of these accounts as they were at `at`."""
    query = text(
        f"SELECT a.id, ({_BALANCE_AT.replace(':id', 'a.id')}) AS fen FROM unnest(CAST(:ids AS uuid[])) AS a(id)"  # noqa: S608 (our own text)
    )
    return {row.id: int(row.fen) for row in await db.execute(query, {"ids": list(ids), "at": at})}


async def account_id_of(db: Db, account: Account) -> UUID | None:
    """None for an account that has never been used."""
    return await _id(db, account)


async def statement(db: Db, account: Account, *, before: int | None, limit: int) -> list[StatementLine]:
    """The entries of an account, newest first; `before` is the position of the last line of the page before."""
    account_id = await _id(db, account)
    return [] if account_id is None else await statement_of(db, account_id, before=before, limit=limit)


async def statement_of(db: Db, account_id: UUID, *, before: int | None, limit: int) -> list[StatementLine]:
    """The same by the account's id."""
    upto = _NEWEST if before is None else before
    values = {"id": account_id, "before": upto, "limit": limit}
    running = int(await db.scalar(text(_RUNNING), {"id": account_id, "before": upto}) or 0)
    found = []
    for row in await db.execute(text(_STATEMENT), values):
        found.append(StatementLine(row.position, row.at, row.kind, row.number, row.fen, running, row.why, row.order_id))
        running -= row.fen
    return found


async def _id(db: Db, account: Account) -> UUID | None:
    return (await account_ids(db, [account])).get(account)
