"""What the house does with its books by the clock: the timers that set themselves again are set once by the worker."""

from __future__ import annotations

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.timers import set_timer
from kaibo.trade.ledger.check_books import CHECK_NIGHTLY
from kaibo.trade.ledger.rollup import ROLL_UP
from kaibo.trade.points.expire import EXPIRE_POINTS
from kaibo.trade.reconciliation.fetch import MORNING

EVERY = (ROLL_UP, MORNING, CHECK_NIGHTLY, EXPIRE_POINTS)


async def keep_books(db: Db) -> None:
    """Have every timer of the books fire now. Saying it again, from several workers too, changes nothing else."""
    for kind in EVERY:
        await set_timer(db, kind=kind, key="", due_at=clock.now())
