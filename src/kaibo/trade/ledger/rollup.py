"""Roll-ups: now and then a row an account that sums up its entries so far, so that a balance reads the newest row and what came
since instead of every entry. They are appended like everything here; the check recomputes them.

Entries get their positions before they commit, so a position that is missing today may appear tomorrow. `roll_up` therefore
reads the highest position given out, then waits until every transaction that was writing entries at that moment has ended (the
way CREATE INDEX CONCURRENTLY does it); what is then visible up to that position is complete. Writers wait for nothing.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

ROLL_UP = "trade.ledger.roll_up"
ROLL_UP_SECONDS = 300
WAIT_SECONDS_MAX = 20.0
LOOK_SECONDS = 0.05

_HIGHEST = "SELECT last_value, is_called FROM trade.ledger_entries_position_seq"
_WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = CAST('trade.ledger_entries' AS regclass) AND mode = 'RowExclusiveLock'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()
"""
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(118073541201667)"
_LAST = "SELECT coalesce(max(upto), 0) FROM trade.ledger_rollups"
_SUM_UP = """
    INSERT INTO trade.ledger_rollups (account_id, upto, after, balance_fen, moved_fen, first_at, last_at, made_at)
    SELECT moved.account_id, :upto, :after, coalesce(before.balance_fen, 0) + moved.fen, moved.fen,
           moved.first_at, moved.last_at, :now
    FROM (
        SELECT e.account_id, sum(e.fen)::bigint AS fen, min(t.at) AS first_at, max(t.at) AS last_at
        FROM trade.ledger_entries e JOIN trade.ledger_transactions t ON t.id = e.transaction_id
        WHERE e.position > :after AND e.position <= :upto GROUP BY e.account_id
    ) moved
    LEFT JOIN LATERAL (
        SELECT r.balance_fen FROM trade.ledger_rollups r WHERE r.account_id = moved.account_id ORDER BY r.upto DESC LIMIT 1
    ) before ON true
"""


async def roll_up(db: Db) -> int | None:
    """Sum up what is complete. Returns the position reached; None where nothing is new, another is at it, or a writer is slow."""
    if not await db.scalar(text(_ONE_AT_A_TIME)):
        return None
    highest = (await db.execute(text(_HIGHEST))).one()
    after = int(await db.scalar(text(_LAST)) or 0)
    if not highest.is_called or highest.last_value <= after:
        return None
    if not await _writers_done(db):
        return None
    await db.execute(text(_SUM_UP), {"after": after, "upto": highest.last_value, "now": clock.now()})
    return int(highest.last_value)


async def _writers_done(db: Db) -> bool:
    """Every transaction that is writing entries now has ended, or False after WAIT_SECONDS_MAX."""

    async def writing() -> set[str]:
        return {row[0] for row in await db.execute(text(_WRITERS))}

    waiting_for = await writing()
    for _ in range(round(WAIT_SECONDS_MAX / LOOK_SECONDS)):
        if not waiting_for:
            return True
        await asyncio.sleep(LOOK_SECONDS)
        waiting_for &= await writing()
    log.warning("ledger.roll_up_put_off", writers=len(waiting_for))
    return False


async def roll_up_by_time(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer `trade.ledger.roll_up`, which sets itself again."""
    await roll_up(db)
    await timers.set_timer(db, kind=ROLL_UP, key=key, due_at=clock.now() + timedelta(seconds=ROLL_UP_SECONDS))
