"""The platform's terms of points. Every change is a row; the newest holds."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.points.model import PointTerms, SetTerms
from kaibo.trade.points.tables import point_terms

HISTORY_ROWS_MAX = 20
NAMES = tuple(PointTerms.__dataclass_fields__)


async def current_terms(db: Db) -> PointTerms:
    """The defaults, switched off, where nobody has set any."""
    found = await terms_history(db, rows=1)
    return found[0].terms if found else PointTerms()


async def terms_history(db: Db, *, rows: int = HISTORY_ROWS_MAX) -> list[SetTerms]:
    """Newest first."""
    query = select(point_terms).order_by(point_terms.c.id.desc()).limit(rows)
    return [
        SetTerms(PointTerms(**{name: getattr(row, name) for name in NAMES}), row.at, row.actor_id)
        for row in await db.execute(query)
    ]


async def open_points(db: Db, *, by: UUID) -> None:
    """Switch points on, at the default terms, where nobody has ever decided about them."""
    if not await terms_history(db, rows=1):
        await set_terms(db, PointTerms(on=True), by=by)


async def set_terms(db: Db, terms: PointTerms, *, by: UUID) -> None:
    """From now on. What was earned and held before keeps the rates it was promised."""
    if await current_terms(db) != terms:
        await db.execute(point_terms.insert().values(asdict(terms) | {"at": clock.now(), "actor_id": by}))
