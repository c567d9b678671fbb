"""Two-phase postings: held first, then posted or voided. What is held leaves no balance yet, but nobody else can hold it again.

A hold writes entries that wait; its end is a row of its own, so that also here nothing is ever changed. A hold that has expired is
void without anybody doing anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.ledger.accounts import COVERED_HOLDS, Account, AccountKind
from kaibo.trade.ledger.balances import balance, pending
from kaibo.trade.ledger.errors import HoldMissing, HoldOver, NotCovered
from kaibo.trade.ledger.post import Entry, Posting, PostingKind, check_posting, post
from kaibo.trade.ledger.tables import ledger_accounts, ledger_hold_ends, ledger_hold_entries, ledger_holds
from kaibo.trade.ledger.write import open_accounts

HOLDS_SHOWN_MAX = 200


async def hold(db: Db, key: str, posting: Posting, *, expires_at: datetime | None = None) -> bool:
    """Hold what `posting` will move. False where `key` was held before, and then nothing changes.

    Raises NotCovered where an account of COVERED_HOLDS would give more than its balance less what is held already.
    """
    check_posting(posting.entries)
    now = clock.now()
    hold_id = new_id()
    new = insert(ledger_holds).values(
        id=hold_id,
        key=key,
        kind=posting.kind.value,
        posting_key=posting.key,
        currency=posting.entries[0].account.currency,
        order_id=posting.order_id,
        why=posting.why,
        held_by=posting.by,
        at=now,
        expires_at=expires_at,
    )
    made = new.on_conflict_do_nothing(index_elements=["key"]).returning(ledger_holds.c.id)
    if (await db.execute(made)).first() is None:
        return False
    await require_covered(db, posting.entries)
    known = await open_accounts(db, {entry.account for entry in posting.entries}, now)
    rows = [
        {"hold_id": hold_id, "account_id": known[one.account], "currency": one.account.currency, "fen": one.fen}
        for one in posting.entries
    ]
    await db.execute(ledger_hold_entries.insert().values(rows))
    return True


async def require_covered(db: Db, entries: Sequence[Entry]) -> None:
    """Every giving account of COVERED_HOLDS has what it gives and does not hold it for another. Until the transaction ends nobody
    else can pass here for the same account. Raises NotCovered, naming the account and what is there.
    """
    giving = sorted((e for e in entries if e.fen < 0 and e.account.kind in COVERED_HOLDS), key=lambda e: str(e.account))
    for entry in giving:
        # Not a row lock: the application may not lock rows that it may not change.
        await db.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": str(entry.account)})
        there = await available(db, entry.account)
        if there + entry.fen < 0:
            raise NotCovered(account=entry.account.kind.value, available_fen=there, wanted_fen=-entry.fen)


async def available(db: Db, account: Account) -> int:
    """The balance less what is held from it, in fen."""
    return await balance(db, account) - (await pending(db, account)).leaving_fen


async def post_hold(db: Db, key: str, *, by: str = "system") -> bool:
    """What was held moves now. False where it has moved already. Raises HoldMissing, or HoldOver where it was voided or expired."""
    found = await _find(db, key)
    if found.outcome == "posted":
        return False
    if found.outcome is not None or (found.expires_at is not None and found.expires_at <= clock.now()):
        raise HoldOver(key=key, outcome=found.outcome or "expired")
    if not await _end(db, found.id, "posted", by):
        return await post_hold(db, key, by=by)  # another ended it meanwhile: say how
    entries = tuple(await _entries(db, found.id))
    await post(
        db, Posting(PostingKind(found.kind), found.posting_key, found.order_id, found.why, found.held_by, entries)
    )
    return True


async def void_hold(db: Db, key: str, *, by: str = "system") -> bool:
    """What was held stays. False where it was voided before. Raises HoldMissing, or HoldOver where it was posted."""
    found = await _find(db, key)
    if found.outcome == "voided":
        return False
    if found.outcome is not None:
        raise HoldOver(key=key, outcome=found.outcome)
    if not await _end(db, found.id, "voided", by):
        return await void_hold(db, key, by=by)
    return True


@dataclass(frozen=True)
class Held:
    """What a hold that waits will bring (`fen` > 0) or take from one account."""

    id: UUID
    key: str
    kind: str
    why: str
    fen: int
    at: datetime
    expires_at: datetime | None


async def holds_on(db: Db, account_id: UUID) -> list[Held]:
    """Holds that wait, neither ended nor expired, newest first; at most HOLDS_SHOWN_MAX."""
    h, e, x = ledger_holds, ledger_hold_entries, ledger_hold_ends
    query = (
        select(h.c.id, h.c.key, h.c.kind, h.c.why, e.c.fen, h.c.at, h.c.expires_at)
        .join(h, h.c.id == e.c.hold_id)
        .where(
            e.c.account_id == account_id,
            or_(h.c.expires_at.is_(None), h.c.expires_at > clock.now()),
            ~exists().where(x.c.hold_id == h.c.id),
        )
        .order_by(h.c.id.desc())
        .limit(HOLDS_SHOWN_MAX)
    )
    return [Held(**row._mapping) for row in await db.execute(query)]


async def _find(db: Db, key: str) -> Any:
    h, e = ledger_holds, ledger_hold_ends
    query = select(h, e.c.outcome).select_from(h.outerjoin(e, e.c.hold_id == h.c.id)).where(h.c.key == key)
    found = (await db.execute(query)).first()
    if found is None:
        raise HoldMissing(key=key)
    return found


async def _end(db: Db, hold_id: UUID, outcome: str, by: str) -> bool:
    row = {"hold_id": hold_id, "outcome": outcome, "ended_by": by, "at": clock.now()}
    new = insert(ledger_hold_ends).values(row).on_conflict_do_nothing().returning(ledger_hold_ends.c.hold_id)
    return (await db.execute(new)).first() is not None


async def _entries(db: Db, hold_id: UUID) -> list[Entry]:
    a, e = ledger_accounts, ledger_hold_entries
    query = select(a.c.kind, a.c.owner_id, a.c.scope, a.c.currency, e.c.fen).select_from(e.join(a)).where(
        e.c.hold_id == hold_id
    )  # fmt: skip
    return [
        Entry(Account(AccountKind(r.kind), r.owner_id, r.scope, r.currency), r.fen) for r in await db.execute(query)
    ]
