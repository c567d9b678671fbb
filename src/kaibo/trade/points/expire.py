"""The time of points is over: what is left of a lot goes, some hundreds of lots at a time, every hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.points.model import Part
from kaibo.trade.points.record import cause, lock_accounts, move
from kaibo.trade.points.tables import point_lots

EXPIRE_POINTS = "trade.points.expire"
EVERY_SECONDS = 3600
LOTS_MAX = 500


async def expire_by_time(db: Db, key: str, payload: dict[str, Any]) -> None:
    """The timer `trade.points.expire`; it sets itself again, at once where there were more than one transaction should move."""
    full = await expire_points(db) == LOTS_MAX
    due_at = clock.now() + timedelta(seconds=0 if full else EVERY_SECONDS)
    await timers.set_timer(db, kind=EXPIRE_POINTS, key="", due_at=due_at)


async def expire_points(db: Db, limit: int = LOTS_MAX) -> int:
    """Returns how many lots were over. Between the hour and the sweep nobody can spend them: spending looks at the time itself."""
    l, now = point_lots.c, clock.now()  # noqa: E741
    over = select(l.id, l.buyer_id, l.left_points).where(l.left_points > 0, l.expires_at <= now)
    due = (await db.execute(over.order_by(l.expires_at).limit(limit))).all()
    await lock_accounts(db, {row.buyer_id for row in due})
    # Again, now that nobody else moves them.
    rows = (await db.execute(over.where(l.id.in_([row.id for row in due])).order_by(l.id))).all()
    for row in rows:
        await move(db, cause(row.buyer_id, "expired", None), [Part(row.id, int(row.left_points))], sign=-1)
    return len(due)
