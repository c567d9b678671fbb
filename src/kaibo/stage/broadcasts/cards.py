"""Cards of broadcasts: what a home page and the operator's wall show of each."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from kaibo.goods import facade as goods
from kaibo.goods.contracts import ProductId
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.broadcasts.lookup import Broadcast, LiveFigures, figures_of
from kaibo.stage.pitches.tables import pitches
from kaibo.stage.wire import HostWire, LiveCardWire, LivePitchWire


async def cards(db: Db, shown: list[Broadcast]) -> list[LiveCardWire]:
    """In the order given. The shop is the first of the seller notice."""
    hosts = await people.person_view(db, {on.host_id for on in shown}) if shown else {}
    figures = await figures_of(db, [on.room_id for on in shown])
    running = await _pitches(db, [on.id for on in shown])
    wires = []
    for on in shown:
        host, now = hosts.get(PersonId(on.host_id)), figures.get(on.room_id, LiveFigures())
        wires.append(
            LiveCardWire(
                room_id=on.room_id,
                broadcast_id=on.id,
                title=on.title,
                cover_url=on.cover_url,
                host=HostWire(name=host.nickname if host else "", avatar_url=host.avatar_url if host else None),
                shop_name=str(on.sellers[0]["shop_name"]) if on.sellers else "",
                online=now.online,
                likes=now.likes,
                pitch=running.get(on.id),
                is_demo="demo" in on.marks,
                state=on.state,
            )
        )
    return wires


async def _pitches(db: Db, broadcast_ids: list[UUID]) -> dict[UUID, LivePitchWire]:
    rows = (
        await db.execute(
            select(pitches.c.broadcast_id, bag_items.c.product_id)
            .join(bag_items, bag_items.c.id == pitches.c.item_id)
            .where(pitches.c.broadcast_id.in_(broadcast_ids), pitches.c.ended_at.is_(None))
        )
    ).all()
    products = await goods.product_cards(db, {row.product_id for row in rows}) if rows else {}
    return {
        row.broadcast_id: LivePitchWire(title=card.title, price_fen=card.price_fen_min, picture_url=card.picture_url)
        for row in rows
        if (card := products.get(ProductId(row.product_id)))
    }
