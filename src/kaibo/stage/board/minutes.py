"""The board's trend: one row a minute, the last sixty."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kaibo.kernel.db import Db
from kaibo.stage.wire import BoardMinuteWire

MINUTES_SHOWN = 60

_MINUTES = text(
    """SELECT at, max(online)::int AS online, sum(entered)::int AS entered, sum(comments)::int AS comments,
      sum(likes)::int AS likes, sum(orders)::int AS orders_paid, sum(fen)::bigint AS gmv_paid_fen
    FROM (
      SELECT at, online, 0 AS entered, 0 AS comments, 0 AS likes, 0 AS orders, 0 AS fen
        FROM stage.minutes WHERE broadcast_id = :id AND at >= :since
      UNION ALL SELECT date_trunc('minute', entered_at), 0, count(*), 0, 0, 0, 0
        FROM stage.views WHERE broadcast_id = :id AND entered_at >= :since GROUP BY 1
      UNION ALL SELECT date_trunc('minute', at), 0, 0, count(*), 0, 0, 0
        FROM stage.chat_lines WHERE broadcast_id = :id AND at >= :since GROUP BY 1
      UNION ALL SELECT minute, 0, 0, 0, sum(count), 0, 0
        FROM stage.likes WHERE broadcast_id = :id AND minute >= :since GROUP BY 1
      UNION ALL SELECT date_trunc('minute', paid_at), 0, 0, 0, 0, count(*), sum(total_fen)
        FROM stage.sales WHERE broadcast_id = :id AND paid_at >= :since GROUP BY 1
    ) AS parts GROUP BY at ORDER BY at"""
)


async def board_minutes(db: Db, broadcast_id: UUID, until: datetime) -> list[BoardMinuteWire]:
    """Minutes in which anything happened, oldest first; `online` is the last count of that minute."""
    since = until.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES_SHOWN - 1)
    rows: Any = await db.execute(_MINUTES, {"id": broadcast_id, "since": since})
    return [BoardMinuteWire(**row._mapping) for row in rows]
