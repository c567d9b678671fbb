"""A merchant gives SKUs a price for a period, all of them or none; later only an earlier end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from kaibo.goods.catalog.tables import products, skus
from kaibo.goods.contracts import SkuMissing
from kaibo.goods.contracts.windows import (
    RoomUnknown,
    StruckUnlawful,
    StruckWithoutTrade,
    WindowCovered,
    WindowInvalid,
    WindowOver,
    WindowOverlaps,
    WindowsFull,
)
from kaibo.goods.windows import rules
from kaibo.goods.windows.by_time import end_window, note, set_clock
from kaibo.goods.windows.lookup import Window, living_count, overlapping, window
from kaibo.goods.windows.rooms import room_names
from kaibo.goods.windows.tables import price_windows
from kaibo.goods.windows.traded import trades_before
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id


@dataclass(frozen=True)
class WindowLine:
    """One SKU's price. `pieces` is a pool of its own, out of the SKU's stock; None: the whole stock."""

    sku_id: UUID
    price_fen: int
    struck_fen: int | None = None
    pieces: int | None = None


@dataclass(frozen=True)
class Campaign:
    """What the lines of one setting share. `room_id` None: on the shelf, which is everywhere."""

    title: str
    starts_at: datetime
    ends_at: datetime
    room_id: UUID | None = None
    per_buyer_max: int | None = None


async def set_windows(
    db: Db, shop_id: UUID, wish: Campaign, lines: Sequence[WindowLine], *, actor_id: UUID
) -> list[Window]:
    """Raises WindowInvalid, SkuMissing (also for another shop's), RoomUnknown, WindowOverlaps, WindowCovered, StruckUnlawful,
    StruckWithoutTrade, WindowsFull; then nothing is set.
    """
    now = clock.now()
    if wrong := rules.period_faults(wish.starts_at, wish.ends_at, now):
        raise WindowInvalid(what=wrong, sku_name="")
    if await living_count(db, shop_id, now) + len(lines) > rules.WINDOWS_OPEN_MAX:
        raise WindowsFull(windows_max=rules.WINDOWS_OPEN_MAX)
    if wish.room_id is not None and wish.room_id not in await room_names(db, [wish.room_id]):
        raise RoomUnknown(room_id=str(wish.room_id))
    found = await _lock_skus(db, shop_id, [line.sku_id for line in lines])
    # What is traded between now and the opening may lower it still: then the struck price goes, see by_time.
    trades = await trades_before(db, found, min(now, wish.starts_at))
    made = []
    for line in lines:
        sku = found[line.sku_id]
        if wrong := rules.price_faults(line.price_fen, sku.price_fen, line.struck_fen):
            raise WindowInvalid(what=wrong, sku_name=sku.name)
        if line.struck_fen is not None:
            _require_lawful(line.struck_fen, rules.struck_fen_max(trades[sku.id]), sku.name)
        await _require_room_for(db, line, wish, sku.name)
        made.append(await _insert(db, shop_id, sku, line, wish, actor_id))
    return [await window(db, window_id) for window_id in made]


async def _lock_skus(db: Db, shop_id: UUID, sku_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Two settings for one SKU wait for each other here, so that each sees the other's windows."""
    if len(set(sku_ids)) != len(sku_ids):
        raise WindowInvalid(what=["sku_twice"], sku_name="")
    query = (
        select(skus.c.id, skus.c.product_id, skus.c.name, skus.c.price_fen)
        .join(products, products.c.id == skus.c.product_id)
        .where(skus.c.id.in_(sku_ids), products.c.shop_id == shop_id, skus.c.removed_at.is_(None))
        .order_by(skus.c.id)
    )
    found = {row.id: row for row in await db.execute(query.with_for_update(key_share=True, of=skus))}
    for sku_id in sku_ids:
        if sku_id not in found:
            raise SkuMissing(id=str(sku_id))
    return found


def _require_lawful(struck_fen: int, most: int | None, sku_name: str) -> None:
    if most is None:
        raise StruckWithoutTrade(sku_name=sku_name)
    if struck_fen > most:
        raise StruckUnlawful(sku_name=sku_name, struck_fen=struck_fen, struck_fen_max=most)


async def _require_room_for(db: Db, line: WindowLine, wish: Campaign, sku_name: str) -> None:
    for other in await overlapping(db, line.sku_id, wish.starts_at, wish.ends_at):
        if other.room_id == wish.room_id:
            raise WindowOverlaps(
                sku_name=sku_name, window_title=other.title, starts_at=other.starts_at, ends_at=other.ends_at
            )
        if other.room_id is None and other.price_fen <= line.price_fen:
            raise WindowCovered(sku_name=sku_name, window_title=other.title, price_fen=other.price_fen)


async def _insert(db: Db, shop_id: UUID, sku: Any, line: WindowLine, wish: Campaign, actor_id: UUID) -> UUID:
    window_id = new_id()
    row = vars(wish) | vars(line) | {"id": window_id, "shop_id": shop_id, "product_id": sku.product_id}
    await db.execute(price_windows.insert().values(row | {"actor_id": actor_id}))
    made = await window(db, window_id, lock=True)
    await note(db, made, "set", actor_id)
    await set_clock(db, made)
    return window_id


async def stop_window(db: Db, shop_id: UUID, window_id: UUID, *, actor_id: UUID) -> Window:
    """It counts no longer; what was ordered at its price stays. Raises WindowMissing, WindowOver."""
    now = clock.now()
    found = await window(db, window_id, shop_id=shop_id, lock=True)
    if found.stopped_at is not None or found.ends_at <= now:
        raise WindowOver()
    await db.execute(update(price_windows).where(price_windows.c.id == window_id).values(stopped_at=now))
    await end_window(db, found, "stopped", actor_id)
    return await window(db, window_id)
