"""The board's rows for the items of the bag."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from kaibo.goods import facade as goods
from kaibo.goods.contracts import ProductId
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.bag import lookup as bag
from kaibo.stage.wire import BoardItemWire

_VIEWS = text(
    """SELECT item_id, count(*) AS shown, count(clicked_at) AS clicked
    FROM stage.item_views WHERE broadcast_id = :id GROUP BY item_id"""
)
# An order counts once an item, whatever the pieces; it was paid in a pitch if its payment fell into one of that item's.
_SALES = text(
    """SELECT l.item_id, count(*) AS placed, count(s.paid_at) AS paid,
      coalesce(sum(l.line_fen) FILTER (WHERE s.paid_at IS NOT NULL), 0)::bigint AS paid_fen,
      count(*) FILTER (WHERE EXISTS (SELECT FROM stage.pitches p WHERE p.item_id = l.item_id
        AND s.paid_at >= p.started_at AND s.paid_at <= coalesce(p.ended_at, s.paid_at))) AS in_pitch
    FROM stage.sale_lines l JOIN stage.sales s USING (order_id) WHERE s.broadcast_id = :id GROUP BY l.item_id"""
)
_PITCHES = text(
    """SELECT item_id, count(*) AS pitches, round(sum(extract(epoch FROM coalesce(ended_at, :now) - started_at)))::int AS seconds
    FROM stage.pitches WHERE broadcast_id = :id GROUP BY item_id"""
)


async def board_items(db: Db, broadcast_id: UUID) -> list[BoardItemWire]:
    """Items in the bag by number; after them removed ones that sold or were pitched."""
    rows = await bag.all_items(db, broadcast_id)
    if not rows:
        return []
    cards = await goods.product_cards(db, {row.product_id for row in rows})
    here = {"id": broadcast_id}
    views = {r.item_id: r for r in await db.execute(_VIEWS, here)}
    sales = {r.item_id: r for r in await db.execute(_SALES, here)}
    pitches = {r.item_id: r for r in await db.execute(_PITCHES, here | {"now": clock.now()})}
    there = {i.id for i in await bag.items(db, broadcast_id)}
    wires = []
    for row in rows:
        view, sale, pitch = views.get(row.id), sales.get(row.id), pitches.get(row.id)
        card = cards.get(ProductId(row.product_id))
        if card is None or (row.id not in there and sale is None and pitch is None):
            continue
        wires.append(
            BoardItemWire(
                item_id=row.id,
                number=row.number,
                title=card.title,
                shown_uv=view.shown if view else 0,
                clicked_uv=view.clicked if view else 0,
                placed=sale.placed if sale else 0,
                paid=sale.paid if sale else 0,
                paid_fen=sale.paid_fen if sale else 0,
                stock_left=card.stock_left if card.approved else 0,
                pitches=pitch.pitches if pitch else 0,
                pitch_seconds=pitch.seconds if pitch else 0,
                paid_in_pitch=sale.in_pitch if sale else 0,
            )
        )
    return wires
