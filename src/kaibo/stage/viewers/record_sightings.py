"""The owner's sightings of a few seconds, written in one go: one UPDATE and one INSERT however many viewers there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, text

from kaibo.kernel.db import Db
from kaibo.stage.viewers.lookup import ONLINE_SECONDS, Watch

_TYPES = (bindparam("ids", type_=ARRAY(Uuid)), bindparam("ats", type_=ARRAY(DateTime(timezone=True))))

_WATCHES = text(
    """UPDATE stage.watches w SET last_seen_at = greatest(w.last_seen_at, held.at)
    FROM (
      SELECT here.id, seen.at FROM unnest(:ids, :ats) AS seen(id, at)
      JOIN stage.watches here ON here.id = seen.id AND here.room_id = :room_id ORDER BY here.id FOR UPDATE OF here
    ) AS held
    WHERE w.id = held.id RETURNING w.id, w.viewer_id"""
).bindparams(*_TYPES)

_VIEWS = text(
    """INSERT INTO stage.views AS v (broadcast_id, watch_id, viewer_id, source, entered_at, last_seen_at, watch_ms)
    SELECT :broadcast_id, w.id, w.viewer_id, w.source, seen.at, seen.at, 0
    FROM unnest(:ids, :ats) AS seen(id, at) JOIN stage.watches w ON w.id = seen.id AND w.room_id = :room_id ORDER BY w.id
    ON CONFLICT (broadcast_id, watch_id) DO UPDATE SET
      watch_ms = v.watch_ms + CASE WHEN excluded.last_seen_at - v.last_seen_at BETWEEN interval '0' AND :gap_max
        THEN (extract(epoch FROM excluded.last_seen_at - v.last_seen_at) * 1000)::bigint ELSE 0 END,
      last_seen_at = greatest(v.last_seen_at, excluded.last_seen_at)"""
).bindparams(*_TYPES)


async def record_sightings(
    db: Db, room_id: UUID, live_broadcast_id: UUID | None, seen: Mapping[UUID, datetime]
) -> list[Watch]:
    """`seen` is watch -> when. Returns the watches that exist in this room; others are passed over.

    A gap of at most ONLINE_SECONDS between two sightings is watch time; a watch that began before the broadcast gets its view here.
    """
    if not seen:
        return []
    ids = sorted(seen)
    values = {"ids": ids, "ats": [seen[i] for i in ids], "room_id": room_id}
    rows = await db.execute(_WATCHES, values)
    known = [Watch(row.id, row.viewer_id) for row in rows]
    if live_broadcast_id is not None:
        gap = {"broadcast_id": live_broadcast_id, "gap_max": timedelta(seconds=ONLINE_SECONDS)}
        await db.execute(_VIEWS, values | gap)
    return known
