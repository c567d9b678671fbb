"""The live board, counted from rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.board import rules
from kaibo.stage.board.items import board_items
from kaibo.stage.board.minutes import board_minutes
from kaibo.stage.broadcasts import lookup as broadcasts
from kaibo.stage.wire import BoardSourceWire, BoardWire, FunnelWire

_SALES = text(
    """SELECT coalesce(sum(total_fen), 0)::bigint AS created_fen, count(*) AS created,
      coalesce(sum(total_fen) FILTER (WHERE paid_at IS NOT NULL), 0)::bigint AS paid_fen,
      count(*) FILTER (WHERE paid_at IS NOT NULL) AS paid,
      count(DISTINCT buyer_id) AS placed_uv,
      count(DISTINCT buyer_id) FILTER (WHERE paid_at IS NOT NULL) AS paid_uv,
      count(*) FILTER (WHERE refunded_at IS NOT NULL) AS refunded, coalesce(sum(refund_fen), 0)::bigint AS refund_fen
    FROM stage.sales WHERE broadcast_id = :id"""
)
_VIEWS = text(
    """SELECT count(*) AS pv, count(DISTINCT viewer_id) AS uv, coalesce(sum(watch_ms), 0)::bigint AS watch_ms
    FROM stage.views WHERE broadcast_id = :id"""
)
# Who acted, among those who were there; `before` are the followers at the broadcast's start.
_ACTED = text(
    """WITH v AS (SELECT DISTINCT viewer_id AS who FROM stage.views WHERE broadcast_id = :id),
      c AS (SELECT DISTINCT person_id AS who FROM stage.chat_lines WHERE broadcast_id = :id),
      l AS (SELECT DISTINCT viewer_id AS who FROM stage.likes WHERE broadcast_id = :id),
      before AS (SELECT person_id AS who FROM stage.follows WHERE room_id = :room_id AND followed_at < :started_at
        AND (unfollowed_at IS NULL OR unfollowed_at > :started_at)),
      f AS (SELECT DISTINCT person_id AS who FROM stage.follows WHERE broadcast_id = :id
        EXCEPT SELECT who FROM before)
    SELECT count(*) FILTER (WHERE c.who IS NOT NULL) AS comment_uv, count(*) FILTER (WHERE l.who IS NOT NULL) AS like_uv,
      count(*) FILTER (WHERE f.who IS NOT NULL) AS follow_uv,
      count(*) FILTER (WHERE coalesce(c.who, l.who, f.who) IS NOT NULL) AS acted_uv,
      count(*) FILTER (WHERE before.who IS NULL) AS strangers_uv
    FROM v LEFT JOIN c USING (who) LEFT JOIN l USING (who) LEFT JOIN f USING (who) LEFT JOIN before USING (who)"""
)
_SHOWN = text(
    """SELECT count(DISTINCT viewer_id) AS shown_uv,
      count(DISTINCT viewer_id) FILTER (WHERE clicked_at IS NOT NULL) AS clicked_uv
    FROM stage.item_views WHERE broadcast_id = :id"""
)
_SOURCES = text(
    """SELECT source, sum(uv)::bigint AS uv, sum(pv)::bigint AS pv, sum(paid_fen)::bigint AS paid_fen FROM (
      SELECT source, count(DISTINCT viewer_id) AS uv, count(*) AS pv, 0 AS paid_fen
      FROM stage.views WHERE broadcast_id = :id GROUP BY source
      UNION ALL
      SELECT traffic_source, 0, 0, sum(total_fen) FROM stage.sales
      WHERE broadcast_id = :id AND paid_at IS NOT NULL GROUP BY traffic_source) AS both_sides
    GROUP BY source ORDER BY 2 DESC, 1"""
)
_ONLINE = text(
    """SELECT (SELECT coalesce(max(online), 0) FROM stage.live_figures WHERE broadcast_id = :id) AS online,
      (SELECT coalesce(max(online_peak), 0) FROM stage.minutes WHERE broadcast_id = :id) AS peak"""
)


@dataclass(frozen=True)
class _Counts:
    """One row of each query, by the query's column names."""

    sales: Any
    views: Any
    acted: Any
    shown: Any
    online: Any


async def board(db: Db, broadcast_id: UUID) -> BoardWire:
    """Every figure of the board as of now. Raises BroadcastMissing."""
    on = await broadcasts.broadcast(db, broadcast_id)
    here = {"id": on.id}
    acted = {"room_id": on.room_id, "started_at": on.started_at or on.created_at}
    counts = _Counts(
        sales=(await db.execute(_SALES, here)).one(),
        views=(await db.execute(_VIEWS, here)).one(),
        acted=(await db.execute(_ACTED, here | acted)).one(),
        shown=(await db.execute(_SHOWN, here)).one(),
        online=(await db.execute(_ONLINE, here)).one(),
    )
    sources = [
        BoardSourceWire(
            source=row.source,
            viewers_uv=row.uv,
            gmv_paid_fen=row.paid_fen,
            gpm_fen=rules.per_thousand(row.paid_fen, row.pv),
        )
        for row in await db.execute(_SOURCES, here)
    ]
    items = await board_items(db, on.id)
    minutes = await board_minutes(db, on.id, on.ended_at or clock.now())
    return _wire(on, counts, items=items, sources=sources, minutes=minutes)


def _wire(on: broadcasts.Broadcast, counts: _Counts, **lists: Any) -> BoardWire:
    sales, views, acted = counts.sales, counts.views, counts.acted
    return BoardWire(
        broadcast_id=on.id,
        at=clock.now(),
        started_at=on.started_at,
        gmv_created_fen=sales.created_fen,
        gmv_paid_fen=sales.paid_fen,
        gmv_net_fen=sales.paid_fen - sales.refund_fen,
        orders_created=sales.created,
        orders_paid=sales.paid,
        buyers_paid=sales.paid_uv,
        online=counts.online.online if on.state == "live" else 0,
        online_peak=max(counts.online.peak, counts.online.online),
        viewers_uv=views.uv,
        views_pv=views.pv,
        gpm_fen=rules.per_thousand(sales.paid_fen, views.pv),
        uv_value_fen=rules.per(sales.paid_fen, views.uv),
        average_order_fen=rules.per(sales.paid_fen, sales.paid_uv),
        stay_seconds_avg=rules.seconds_each(views.watch_ms, views.uv),
        interact_rate=rules.share(acted.acted_uv, views.uv),
        comment_uv=acted.comment_uv,
        like_uv=acted.like_uv,
        follow_uv=acted.follow_uv,
        follow_rate=rules.share(acted.follow_uv, acted.strangers_uv),
        funnel=FunnelWire(
            shown_uv=counts.shown.shown_uv,
            clicked_uv=counts.shown.clicked_uv,
            placed_uv=sales.placed_uv,
            paid_uv=sales.paid_uv,
        ),
        refund_orders=sales.refunded,
        refund_fen=sales.refund_fen,
        **lists,
    )
