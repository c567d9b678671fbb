"""Moving a buyer's points: the account locked, the lot changed and its entry written, always together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.points import rules
from kaibo.trade.points.model import EntryKind, Holding, Lot, Part
from kaibo.trade.points.tables import point_accounts, point_entries, point_lots


@dataclass(frozen=True)
class Cause:
    """Why points move: entries of one `event_id` are one line of the buyer's history."""

    event_id: UUID
    buyer_id: UUID
    kind: EntryKind
    order_id: UUID | None
    at: datetime


def cause(buyer_id: UUID, kind: EntryKind, order_id: UUID | None) -> Cause:
    return Cause(new_id(), buyer_id, kind, order_id, clock.now())


async def lock_accounts(db: Db, buyer_ids: Iterable[UUID], *, make: bool = False) -> None:
    """Have these buyers' points for the rest of the transaction, in the order of their ids. `make`: also of those without any."""
    ids = sorted(set(buyer_ids))
    if not ids:
        return
    if make:
        rows = [{"id": one, "created_at": clock.now()} for one in ids]
        await db.execute(insert(point_accounts).values(rows).on_conflict_do_nothing())
    a = point_accounts.c
    await db.execute(select(a.id).where(a.id.in_(ids)).order_by(a.id).with_for_update(key_share=True))


async def holding(db: Db, buyer_id: UUID) -> Holding:
    """What the buyer can spend now, lot by lot, what ends soonest first."""
    return (await holdings(db, [buyer_id])).get(buyer_id, Holding(0, 0, ()))


async def holdings(db: Db, buyer_ids: Iterable[UUID]) -> dict[UUID, Holding]:
    l, now = point_lots.c, clock.now()  # noqa: E741
    counts = or_(l.left_points < 0, l.expires_at > now)
    query = (
        select(l.id, l.buyer_id, l.left_points, l.expires_at)
        .where(l.buyer_id.in_(sorted(set(buyer_ids))), l.left_points != 0, counts)
        .order_by(l.expires_at, l.id)
    )
    lots: dict[UUID, list[Lot]] = {}
    for row in await db.execute(query):
        lots.setdefault(row.buyer_id, []).append(Lot(row.id, int(row.left_points), row.expires_at))
    return {buyer_id: _holding(its) for buyer_id, its in lots.items()}


def _holding(lots: Sequence[Lot]) -> Holding:
    total = sum(lot.left for lot in lots)
    return Holding(max(0, total), max(0, -total), tuple(lots))


async def move(db: Db, why: Cause, parts: Sequence[Part], *, sign: int) -> None:
    """Add `sign` times the parts to their lots. The account is locked by the caller."""
    for part in parts:
        lot = update(point_lots).where(point_lots.c.id == part.lot_id)
        await db.execute(lot.values(left_points=point_lots.c.left_points + sign * part.points))
    if parts:
        await db.execute(point_entries.insert(), [entry(why, part.lot_id, sign * part.points) for part in parts])


def entry(why: Cause, lot_id: UUID, points: int) -> dict[str, Any]:
    return {"id": new_id(), "lot_id": lot_id, "points": points, **vars(why)}


async def pay_debts(db: Db, buyer_ids: Iterable[UUID]) -> None:
    """Where a buyer has points and a lot below zero, the points fill it. The accounts are locked by the caller."""
    for buyer_id, found in (await holdings(db, buyer_ids)).items():
        moves = rules.offsets([lot for lot in found.lots if lot.left < 0], found.lots)
        why = cause(buyer_id, "offset", None)
        for source, target, points in moves:
            await move(db, why, [Part(source, points)], sign=-1)
            await move(db, why, [Part(target, points)], sign=1)
