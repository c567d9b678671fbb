"""What the trade wing says of an order that came from a broadcast becomes a row of the board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from kaibo.kernel.db import Db, among
from kaibo.stage.bag import lookup as bag
from kaibo.stage.board.tables import sale_lines, sales
from kaibo.stage.broadcasts.lookup import Broadcast, broadcasts_by_id
from kaibo.stage.viewers.tables import views
from kaibo.trade.contracts import OrderEvent, OrderId

UNKNOWN_SOURCE = "direct"


@dataclass(frozen=True)
class Sale:
    """Where an order belongs: `item` is the bag item it was bought from, None for one that is no longer known."""

    on: Broadcast
    item: bag.BagItem | None
    title: str


async def record_sale(db: Db, event: OrderEvent) -> Sale | None:
    """Make sure the order has its row, whichever event comes first; None where the order came from elsewhere."""
    return (await record_sales(db, [event])).get(event.order_id)


async def record_sales(db: Db, events: Sequence[OrderEvent]) -> dict[OrderId, Sale]:
    """The same for many orders, in as many statements for each broadcast as for one order."""
    by_source: dict[UUID, list[OrderEvent]] = defaultdict(list)
    for event in events:
        if event.source is not None and event.source.kind == "broadcast" and event.source.id is not None:
            by_source[event.source.id].append(event)
    found: dict[OrderId, Sale] = {}
    for on in await broadcasts_by_id(db, by_source):
        found |= await _record(db, on, by_source[on.id])
    return found


async def _record(db: Db, on: Broadcast, events: Sequence[OrderEvent]) -> dict[OrderId, Sale]:
    by_product = {i.product_id: i for i in reversed(await bag.all_items(db, on.id))}
    came_by = await _traffic_sources(db, on.id, {event.buyer_id for event in events})
    rows = [
        {
            "order_id": event.order_id,
            "broadcast_id": on.id,
            "item_id": event.source.item if event.source else None,
            "buyer_id": event.buyer_id,
            "traffic_source": came_by.get(event.buyer_id, UNKNOWN_SOURCE),
            "total_fen": event.total_fen,
        }
        for event in events
    ]
    made = set((await db.execute(insert(sales).on_conflict_do_nothing().returning(sales.c.order_id), rows)).scalars())
    lines = [line for event in events if event.order_id in made for line in _lines(event, by_product)]
    if lines:
        await db.execute(sale_lines.insert(), lines)
    of_source = {i.id: i for i in by_product.values()}
    found = {}
    for event in events:
        item = of_source.get(event.source.item) if event.source and event.source.item else None
        found[event.order_id] = Sale(on, item, event.lines[0].title if event.lines else "")
    return found


def _lines(event: OrderEvent, by_product: dict[UUID, bag.BagItem]) -> list[dict[str, Any]]:
    """What the order has of each item of the bag."""
    lines: dict[UUID, dict[str, Any]] = {}
    for line in event.lines:
        if item := by_product.get(line.product_id):
            one = lines.setdefault(
                item.id, {"order_id": event.order_id, "item_id": item.id, "quantity": 0, "line_fen": 0}
            )
            one["quantity"] += line.quantity
            one["line_fen"] += line.line_fen
    return list(lines.values())


async def _traffic_sources(db: Db, broadcast_id: UUID, buyer_ids: Collection[UUID]) -> dict[UUID, str]:
    """How each buyer came in, the last time they did."""
    v = views.c
    here = (v.broadcast_id == broadcast_id) & among(v.viewer_id, buyer_ids)
    query = select(v.viewer_id, v.source).ext(distinct_on(v.viewer_id)).where(here)
    rows = await db.execute(query.order_by(v.viewer_id, v.entered_at.desc()))
    return {row.viewer_id: row.source for row in rows}
