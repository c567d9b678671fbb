"""What the trade wing says of an order that came from a broadcast becomes a row of the board."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel.db import Db
from kaibo.stage.bag import lookup as bag
from kaibo.stage.board.tables import sale_lines, sales
from kaibo.stage.broadcasts.lookup import Broadcast, broadcast
from kaibo.stage.contracts import BroadcastMissing
from kaibo.stage.viewers.tables import views
from kaibo.trade.contracts import OrderEvent

UNKNOWN_SOURCE = "direct"


@dataclass(frozen=True)
class Sale:
    """Where an order belongs: `item` is the bag item it was bought from, None for one that is no longer known."""

    on: Broadcast
    item: bag.BagItem | None
    title: str


async def record_sale(db: Db, event: OrderEvent) -> Sale | None:
    """Make sure the order has its row, whichever event comes first; None where the order came from elsewhere."""
    source = event.source
    if source is None or source.kind != "broadcast" or source.id is None:
        return None
    try:
        on = await broadcast(db, source.id)
    except BroadcastMissing:
        return None
    by_product = {i.product_id: i for i in reversed(await bag.all_items(db, on.id))}
    of_source = {i.id: i for i in by_product.values()}
    lines: dict[UUID, list[int]] = {}
    for line in event.lines:
        if item := by_product.get(line.product_id):
            pieces = lines.setdefault(item.id, [0, 0])
            pieces[0] += line.quantity
            pieces[1] += line.line_fen
    row = insert(sales).values(
        order_id=event.order_id,
        broadcast_id=on.id,
        item_id=source.item,
        buyer_id=event.buyer_id,
        traffic_source=await _traffic_source(db, on.id, event.buyer_id),
        total_fen=event.total_fen,
    )
    made = await db.execute(row.on_conflict_do_nothing().returning(sales.c.order_id))
    if made.first() is not None and lines:
        await db.execute(
            sale_lines.insert(),
            [
                {"order_id": event.order_id, "item_id": item_id, "quantity": quantity, "line_fen": line_fen}
                for item_id, (quantity, line_fen) in lines.items()
            ],
        )
    item = of_source.get(source.item) if source.item else None
    return Sale(on, item, event.lines[0].title if event.lines else "")


async def _traffic_source(db: Db, broadcast_id: UUID, buyer_id: UUID) -> str:
    """How the buyer came in, the last time they did."""
    here = (views.c.broadcast_id == broadcast_id) & (views.c.viewer_id == buyer_id)
    found = await db.scalar(select(views.c.source).where(here).order_by(views.c.entered_at.desc()).limit(1))
    return str(found) if found else UNKNOWN_SOURCE
