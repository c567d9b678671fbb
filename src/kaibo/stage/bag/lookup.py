"""Reads of a bag, with what the goods wing says of each product now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from kaibo.goods import facade as goods
from kaibo.goods.contracts import ProductId, SkuView
from kaibo.kernel.db import Db
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.contracts import BagItemMissing
from kaibo.stage.ingest.tables import recordings
from kaibo.stage.pitches.tables import pitch_requests, pitches
from kaibo.stage.wire import BagItemWire, ReplayMarkWire, SkuWire


@dataclass(frozen=True)
class BagItem:
    id: UUID
    broadcast_id: UUID
    product_id: UUID
    shop_id: UUID
    number: int


def _item(row: Any) -> BagItem:
    return BagItem(row.id, row.broadcast_id, row.product_id, row.shop_id, row.number)


async def items(db: Db, broadcast_id: UUID, *, lock: bool = False) -> list[BagItem]:
    """What is in the bag, by number."""
    query = select(bag_items).where(bag_items.c.broadcast_id == broadcast_id, bag_items.c.removed_at.is_(None))
    query = query.order_by(bag_items.c.number, bag_items.c.id)
    return [_item(row) for row in await db.execute(query.with_for_update() if lock else query)]


async def all_items(db: Db, broadcast_id: UUID) -> list[BagItem]:
    """Removed ones too: what was sold from them still counts."""
    query = select(bag_items).where(bag_items.c.broadcast_id == broadcast_id)
    return [
        _item(row) for row in await db.execute(query.order_by(bag_items.c.removed_at.isnot(None), bag_items.c.number))
    ]


async def item(db: Db, broadcast_id: UUID, item_id: UUID) -> BagItem:
    """Raises BagItemMissing, also for another broadcast's item."""
    here = (bag_items.c.id == item_id) & (bag_items.c.broadcast_id == broadcast_id) & bag_items.c.removed_at.is_(None)
    row = (await db.execute(select(bag_items).where(here))).first()
    if row is None:
        raise BagItemMissing(id=str(item_id))
    return _item(row)


async def shown(db: Db, broadcast_id: UUID | None, only: list[UUID] | None = None) -> list[BagItemWire]:
    """The bag as viewers see it, by number; `only` limits it to these items. A product off sale shows no stock."""
    if broadcast_id is None:
        return []
    rows = [i for i in await items(db, broadcast_id) if only is None or i.id in only]
    if not rows:
        return []
    products = [i.product_id for i in rows]
    room_id = await db.scalar(select(broadcasts.c.room_id).where(broadcasts.c.id == broadcast_id))
    cards, skus = await goods.product_cards(db, products), await goods.skus_of(db, products, room_id=room_id)
    ids = [i.id for i in rows]
    running, asked, replays = await _running(db, ids), await _asked(db, ids), await _replays(db, ids)
    wires = []
    for row in rows:
        card = cards.get(ProductId(row.product_id))
        if card is None:
            continue
        on_sale = skus.get(ProductId(row.product_id), []) if card.approved else []
        cheapest = min(on_sale, key=lambda sku: sku.price_fen, default=None)
        wires.append(
            BagItemWire(
                id=row.id,
                number=row.number,
                product_id=row.product_id,
                title=card.title,
                picture_url=card.picture_url,
                price_fen=cheapest.price_fen if cheapest else card.price_fen_min,
                price_fen_max=max((sku.price_fen for sku in on_sale), default=card.price_fen_max),
                struck_fen=cheapest.struck_fen if cheapest else None,
                price_until=cheapest.price_until if cheapest else None,
                skus=[_sku(sku) for sku in on_sale],
                service_tags=list(card.service_tags),
                stock_left=card.stock_left if card.approved else 0,
                pitching=row.id in running,
                pitch_requests=asked.get(row.id, 0),
                replay=replays.get(row.id),
            )
        )
    return wires


def _sku(sku: SkuView) -> SkuWire:
    return SkuWire(
        id=sku.id,
        name=sku.name,
        price_fen=sku.price_fen,
        stock_left=sku.stock_left,
        limit_per_buyer=sku.limit_per_buyer,
        struck_fen=sku.struck_fen,
        price_until=sku.price_until,
        price_pieces_left=sku.price_pieces_left,
    )


async def _running(db: Db, item_ids: list[UUID]) -> set[UUID]:
    here = pitches.c.item_id.in_(item_ids) & pitches.c.ended_at.is_(None)
    return set((await db.execute(select(pitches.c.item_id).where(here))).scalars())


async def _asked(db: Db, item_ids: list[UUID]) -> dict[UUID, int]:
    open_ = pitch_requests.c.item_id.in_(item_ids) & pitch_requests.c.answered_at.is_(None)
    rows = await db.execute(
        select(pitch_requests.c.item_id, func.count()).where(open_).group_by(pitch_requests.c.item_id)
    )
    return {item_id: int(count) for item_id, count in rows}


async def _replays(db: Db, item_ids: list[UUID]) -> dict[UUID, ReplayMarkWire]:
    """The newest pitch of each item whose recording is kept."""
    rows = await db.execute(
        select(pitches.c.item_id, pitches.c.id, pitches.c.started_at, pitches.c.ended_at)
        .join(recordings, recordings.c.id == pitches.c.recording_id)
        .where(pitches.c.item_id.in_(item_ids), recordings.c.state == "kept", pitches.c.ended_at.isnot(None))
        .order_by(pitches.c.started_at)
    )
    return {r.item_id: ReplayMarkWire(pitch_id=r.id, started_at=r.started_at, ended_at=r.ended_at) for r in rows}
