"""Reading reconciled days and their differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from kaibo.kernel.db import Db
from kaibo.trade.reconciliation.tables import days, differences


@dataclass(frozen=True)
class Day:
    provider: str
    day: date
    rows: int
    charged_fen: int
    refunded_fen: int
    fee_fen: int
    compared_at: datetime
    closed_at: datetime | None
    open: int


@dataclass(frozen=True)
class Difference:
    """`state`: open, accepted (posted), linked, gone (a later comparison no longer found it)."""

    id: UUID
    provider: str
    day: date
    wrong: str
    kind: str
    out_no: str
    provider_fen: int
    house_fen: int
    difference_fen: int
    state: str
    note: str | None
    linked_to: str | None
    done_at: datetime | None


async def list_days(db: Db, limit: int = 60) -> list[Day]:
    """Newest first."""
    d = differences
    still = (
        select(func.count())
        .select_from(d)
        .where(d.c.provider == days.c.provider, d.c.day == days.c.day, d.c.state == "open")
        .scalar_subquery()
    )
    query = select(days, still.label("open")).order_by(days.c.day.desc(), days.c.provider).limit(limit)
    return [
        Day(r.provider, r.day, r.rows, r.charged_fen, r.refunded_fen, r.fee_fen, r.compared_at, r.closed_at, r.open)
        for r in await db.execute(query)
    ]


async def list_differences(
    db: Db, *, provider: str | None, day: date | None, states: Sequence[str]
) -> list[Difference]:
    """Oldest first; 500 at most."""
    d = differences
    query = select(*(d.c[name] for name in Difference.__dataclass_fields__))
    if provider is not None:
        query = query.where(d.c.provider == provider)
    if day is not None:
        query = query.where(d.c.day == day)
    if states:
        query = query.where(d.c.state.in_(states))
    rows = await db.execute(query.order_by(d.c.day, d.c.id).limit(500))
    return [Difference(**row._mapping) for row in rows]
