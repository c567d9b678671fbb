"""Work a difference off: take it into the books, or say what it belongs to. A day is closed when nothing is open."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.reconciliation.errors import DayMissing, DayOpen, DifferenceDone, DifferenceMissing, NothingToPost
from kaibo.trade.reconciliation.tables import days, differences


async def accept_difference(db: Db, difference_id: UUID, *, note: str, by: UUID) -> None:
    """Post it against `reconciliation_difference`, so that the gateway's account says what the provider says.

    Raises DifferenceMissing, DifferenceDone, NothingToPost.
    """
    found = await _open(db, difference_id)
    fen = int(found.difference_fen)
    if fen == 0:
        raise NothingToPost()
    gateway = Account(AccountKind.GATEWAY, scope=found.provider)
    difference = Account(AccountKind.RECONCILIATION_DIFFERENCE)
    # The gateway's balance is minus what it holds for us: where it holds more, it goes down.
    legs = move(gateway, (difference, fen)) if fen > 0 else move(difference, (gateway, -fen))
    key, why = f"reconciliation:{difference_id}", "trade.why.ledger_reconciliation"
    await post(db, Posting(PostingKind.RECONCILIATION, key, None, why, str(by), legs))
    await _done(db, difference_id, "accepted", note=note, by=by)


async def link_difference(db: Db, difference_id: UUID, *, linked_to: str, note: str, by: UUID) -> None:
    """It belongs to something else (a row of the next day, an order): no posting. Raises DifferenceMissing, DifferenceDone."""
    await _open(db, difference_id)
    await _done(db, difference_id, "linked", note=note, by=by, linked_to=linked_to)


async def note_difference(db: Db, difference_id: UUID, *, note: str) -> None:
    """What is known so far; the difference stays open. Raises DifferenceMissing, DifferenceDone."""
    await _open(db, difference_id)
    await db.execute(update(differences).where(differences.c.id == difference_id).values(note=note))


async def close_day(db: Db, provider: str, day: date, *, by: UUID) -> None:
    """Raises DayMissing, DayOpen. Closing again changes nothing."""
    this = (days.c.provider == provider) & (days.c.day == day)
    row = (await db.execute(select(days).where(this).with_for_update())).first()
    if row is None:
        raise DayMissing(provider=provider, day=day.isoformat())
    d = differences
    of_day = (d.c.provider == provider) & (d.c.day == day) & (d.c.state == "open")
    left = int(await db.scalar(select(func.count()).select_from(d).where(of_day)) or 0)
    if left:
        raise DayOpen(left=left)
    if row.closed_at is None:
        await db.execute(update(days).where(this).values(closed_at=clock.now(), closed_by=by))


async def _open(db: Db, difference_id: UUID) -> Any:
    query = select(differences).where(differences.c.id == difference_id).with_for_update()
    row = (await db.execute(query)).first()
    if row is None:
        raise DifferenceMissing(difference_id=str(difference_id))
    if row.state != "open":
        raise DifferenceDone(state=row.state)
    return row


async def _done(db: Db, difference_id: UUID, state: str, **values: Any) -> None:
    changed = {"state": state, "done_at": clock.now(), "done_by": values.pop("by"), **values}
    await db.execute(update(differences).where(differences.c.id == difference_id).values(changed))
