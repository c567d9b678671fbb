"""The statements that write to the ledger, for one posting or for thousands. `post.py`, `hold.py` and nothing else call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.ledger import tables  # noqa: F401  (the tables that the statements below name belong to the schema)
from kaibo.trade.ledger.accounts import Account, AccountKind

if TYPE_CHECKING:
    from kaibo.trade.ledger.post import Posting

_FIND = """
    WITH w AS (
        SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:owners AS uuid[]), CAST(:scopes AS text[]),
                             CAST(:currencies AS text[])) AS w(kind, owner_id, scope, currency)
    )
    SELECT a.id, a.kind, a.owner_id, a.scope, a.currency FROM w JOIN trade.ledger_accounts a
        ON a.kind = w.kind AND a.owner_id = w.owner_id AND a.scope IS NOT DISTINCT FROM w.scope AND a.currency = w.currency
    UNION ALL
    SELECT a.id, a.kind, a.owner_id, a.scope, a.currency FROM w JOIN trade.ledger_accounts a
        ON w.owner_id IS NULL AND a.kind = w.kind AND a.owner_id IS NULL
           AND a.scope IS NOT DISTINCT FROM w.scope AND a.currency = w.currency
"""
_OPEN = """
    INSERT INTO trade.ledger_accounts (id, kind, owner_id, scope, currency, created_at)
    SELECT id, kind, owner_id, scope, currency, CAST(:at AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:owners AS uuid[]), CAST(:scopes AS text[]),
                CAST(:currencies AS text[])) AS w(id, kind, owner_id, scope, currency)
    ON CONFLICT DO NOTHING
"""
_TRANSACTIONS = """
    INSERT INTO trade.ledger_transactions (id, book_id, kind, key, currency, order_id, why, posted_by, at)
    SELECT w.*, CAST(:at AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:books AS uuid[]), CAST(:kinds AS text[]), CAST(:keys AS text[]),
                CAST(:currencies AS text[]), CAST(:orders AS uuid[]), CAST(:whys AS text[]), CAST(:bys AS text[])) AS w
    ON CONFLICT DO NOTHING RETURNING id
"""
_ENTRIES = """
    INSERT INTO trade.ledger_entries (transaction_id, book_id, account_id, currency, fen)
    SELECT * FROM unnest(CAST(:transactions AS uuid[]), CAST(:books AS uuid[]), CAST(:accounts AS uuid[]),
                         CAST(:currencies AS text[]), CAST(:fen AS bigint[]))
"""


async def account_ids(db: Db, accounts: Iterable[Account]) -> dict[Account, UUID]:
    """The ids of these accounts as far as they have been opened."""
    wanted = sorted(set(accounts), key=_order)
    rows = await db.execute(text(_FIND), _columns(wanted))
    return {Account(AccountKind(r.kind), r.owner_id, r.scope, r.currency): r.id for r in rows}


async def open_accounts(db: Db, accounts: Iterable[Account], at: datetime) -> dict[Account, UUID]:
    """The ids of these accounts; what has never been used is opened."""
    wanted = set(accounts)
    found = await account_ids(db, wanted)
    missing = sorted(wanted - found.keys(), key=_order)  # sorted: two that open the same ones wait in the same order
    if missing:
        await db.execute(text(_OPEN), _columns(missing) | {"ids": [new_id() for _ in missing], "at": at})
        found |= await account_ids(db, missing)
    return found


async def write_transactions(db: Db, postings: Sequence[Posting], at: datetime) -> set[str]:
    """Write the postings whose keys are new, each as one transaction; returns those keys. Two statements for any number."""
    ids = {new_id(): posting for posting in postings}
    rows = await db.execute(
        text(_TRANSACTIONS),
        {
            "ids": list(ids),
            "books": [p.book_id for p in postings],
            "kinds": [p.kind.value for p in postings],
            "keys": [p.key for p in postings],
            "currencies": [p.entries[0].account.currency for p in postings],
            "orders": [p.order_id for p in postings],
            "whys": [p.why for p in postings],
            "bys": [p.by for p in postings],
            "at": at,
        },
    )
    new = [row.id for row in rows]
    if not new:
        return set()
    known = await open_accounts(db, {entry.account for one in new for entry in ids[one].entries}, at)
    await _write_entries(db, {one: ids[one] for one in new}, known)
    return {ids[one].key for one in new}


async def _write_entries(db: Db, new: Mapping[UUID, Posting], known: Mapping[Account, UUID]) -> None:
    legs = [
        (transaction_id, book_id, entry)
        for transaction_id, posting in new.items()
        for book_id in (posting.book_id,)
        for entry in posting.entries
    ]
    await db.execute(
        text(_ENTRIES),
        {
            "transactions": [transaction_id for transaction_id, _, _ in legs],
            "books": [book_id for _, book_id, _ in legs],
            "accounts": [known[entry.account] for _, _, entry in legs],
            "currencies": [entry.account.currency for _, _, entry in legs],
            "fen": [entry.fen for _, _, entry in legs],
        },
    )


def _columns(accounts: Sequence[Account]) -> dict[str, object]:
    return {
        "kinds": [one.kind.value for one in accounts],
        "owners": [one.owner_id for one in accounts],
        "scopes": [one.scope for one in accounts],
        "currencies": [one.currency for one in accounts],
    }


def _order(account: Account) -> tuple[str, str, str, str]:
    return account.kind.value, str(account.owner_id), account.scope or "", account.currency
