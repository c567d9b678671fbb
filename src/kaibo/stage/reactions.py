"""What the stage hears, its timers and its jobs. A reaction runs once an event, in one transaction with what it changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from kaibo.goods.contracts import ProductChanged, StockChanged
from kaibo.goods.contracts.slots import SlotDue
from kaibo.kernel.db import Db, among
from kaibo.kernel.ids import new_id
from kaibo.kernel.jobs import Jobs
from kaibo.kernel.reactions import Reactions
from kaibo.kernel.timers import Timers
from kaibo.people.contracts import PersonDeleted
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.board.record_sale import Sale, record_sale, record_sales
from kaibo.stage.board.tables import sales
from kaibo.stage.broadcasts.end import SILENT_TIMER, end
from kaibo.stage.broadcasts.lookup import broadcast, broadcasts_by_id
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.chat.tables import chat_lines
from kaibo.stage.ingest.keep_recording import keep_recording
from kaibo.stage.ingest.report_recording import KEEP_JOB
from kaibo.stage.live.announce import announce
from kaibo.stage.pitches.measure import measure_slot
from kaibo.stage.rooms.lookup import is_demo
from kaibo.stage.rooms.tables import follows
from kaibo.trade import facade as trade
from kaibo.trade.contracts import OrderEvent, OrderPaid, OrderPlaced, OrderRefunded, OrdersPlaced

reactions = Reactions("stage")

GONE_NAME = "已注销用户"


@reactions.on(OrdersPlaced)
async def count_placed(db: Db, event: OrdersPlaced) -> None:
    if await broadcasts_by_id(db, event.source_ids):
        await count_orders(db, await trade.placed_orders(db, event.order_ids), event.at)


async def count_orders(db: Db, placed: Sequence[OrderPlaced], at: datetime) -> None:
    """On the board of each room where they were placed."""
    found = await record_sales(db, placed)
    await db.execute(update(sales).where(among(sales.c.order_id, found)).values(placed_at=at))
    for room_id in {sale.on.room_id for sale in found.values()}:
        await announce(db, room_id, "board")


@reactions.on(OrderPaid)
async def count_paid(db: Db, event: OrderPaid) -> None:
    """The crew sees the sale, the room sees that somebody bought."""
    sale = await record_sale(db, event)
    if sale is None:
        return
    await db.execute(update(sales).where(sales.c.order_id == event.order_id).values(paid_at=event.at))
    await _announce_sale(db, event, sale)


async def _announce_sale(db: Db, event: OrderEvent, sale: Sale) -> None:
    facts = {
        "order_no": event.number,
        "item_number": sale.item.number if sale.item else None,
        "title": sale.title,
        "amount_fen": event.total_fen,
        "nickname": event.buyer_nickname,
    }
    demo = await is_demo(db, event.buyer_id)
    await announce(db, sale.on.room_id, "sale", id=str(new_id()), at=event.at.isoformat(), demo=demo, sale=facts)


@reactions.on(OrderRefunded)
async def count_refunded(db: Db, event: OrderRefunded) -> None:
    sale = await record_sale(db, event)
    if sale is not None:
        values = {"refunded_at": event.at, "refund_fen": event.refund_fen}
        await db.execute(update(sales).where(sales.c.order_id == event.order_id).values(**values))
        await announce(db, sale.on.room_id, "board")


@reactions.on(StockChanged)
async def show_stock(db: Db, event: StockChanged) -> None:
    await _announce_product(db, event.product_id, "stock")


@reactions.on(ProductChanged)
async def show_product(db: Db, event: ProductChanged) -> None:
    await _announce_product(db, event.product_id, "item")


async def _announce_product(db: Db, product_id: UUID, kind: str) -> None:
    """To every room that has the product in the bag of a broadcast that has not ended."""
    rows = await db.execute(
        select(broadcasts.c.room_id, bag_items.c.id)
        .join(bag_items, bag_items.c.broadcast_id == broadcasts.c.id)
        .where(broadcasts.c.state != "ended", bag_items.c.product_id == product_id, bag_items.c.removed_at.is_(None))
    )
    for room_id, item_id in rows:
        await announce(db, room_id, kind, item_id=str(item_id))


@reactions.on(PersonDeleted)
async def forget_person(db: Db, event: PersonDeleted) -> None:
    """Follows go; chat is kept for three years by law, without the name."""
    await db.execute(delete(follows).where(follows.c.person_id == event.person_id))
    await db.execute(update(chat_lines).where(chat_lines.c.person_id == event.person_id).values(name=GONE_NAME))


reactions.on(SlotDue)(measure_slot)


timers = Timers("stage")


@timers.on(SILENT_TIMER)
async def end_silent_broadcast(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """No stream for SILENT_MINUTES_MAX: the broadcast ends by itself."""
    on = await broadcast(db, UUID(key), lock=True)
    if on.state == "live":
        await end(db, on, why="silent", by=None)


jobs = Jobs("stage")


@jobs.job(KEEP_JOB)
async def keep(recording_id: str) -> None:
    await keep_recording(recording_id)
