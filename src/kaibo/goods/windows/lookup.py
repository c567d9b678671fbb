"""Reads of price windows and of the record of prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, null, or_, select, union_all

from kaibo.goods.catalog.tables import price_entries, products, skus
from kaibo.goods.contracts import ProductId, SkuId
from kaibo.goods.contracts.windows import WindowId, WindowMissing, WindowState
from kaibo.goods.windows import rules
from kaibo.goods.windows.tables import price_windows, window_entries, window_takes
from kaibo.kernel.db import Db
from kaibo.people.contracts import ShopId

HISTORY_MAX = 500


@dataclass(frozen=True)
class Window:
    """As its merchant sees it. `sold` are pieces taken at its price by orders that stand."""

    id: WindowId
    shop_id: ShopId
    product_id: ProductId
    sku_id: SkuId
    room_id: UUID | None
    title: str
    price_fen: int
    struck_fen: int | None
    struck_checked: bool
    per_buyer_max: int | None
    pieces: int | None
    taken: int
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime | None
    stopped_at: datetime | None
    actor_id: UUID
    created_at: datetime
    product_title: str
    sku_name: str
    list_price_fen: int


@dataclass(frozen=True)
class PriceEntry:
    """One line of a SKU's record. `what` is "list" for its own price, else what happened to a window (see window_entries)."""

    at: datetime
    sku_id: SkuId
    sku_name: str
    what: str
    price_fen: int
    struck_fen: int | None
    title: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    actor_id: UUID | None


def _windows() -> Select[Any]:
    w = price_windows
    return (
        select(
            w,
            products.c.title.label("product_title"),
            skus.c.name.label("sku_name"),
            skus.c.price_fen.label("list_price_fen"),
        )
        .join(products, products.c.id == w.c.product_id)
        .join(skus, skus.c.id == w.c.sku_id)
    )


async def window(db: Db, window_id: UUID, *, shop_id: UUID | None = None, lock: bool = False) -> Window:
    """Raises WindowMissing, also for another shop's."""
    query = _windows().where(price_windows.c.id == window_id)
    if shop_id is not None:
        query = query.where(price_windows.c.shop_id == shop_id)
    row = (await db.execute(query.with_for_update(of=price_windows) if lock else query)).first()
    if row is None:
        raise WindowMissing(id=str(window_id))
    return Window(**row._mapping)


async def windows_of_shop(
    db: Db,
    shop_id: UUID,
    now: datetime,
    *,
    state: WindowState | None,
    sku_ids: Iterable[UUID] = (),
    between: tuple[datetime, datetime] | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Window]:
    """Newest first, from `before` on; `between` limits them to those that touch a period."""
    w = price_windows.c
    query = _windows().where(w.shop_id == shop_id).order_by(w.id.desc()).limit(limit)
    if state == "over":
        query = query.where(or_(w.stopped_at.is_not(None), w.ends_at <= now))
    elif state is not None:
        query = query.where(w.stopped_at.is_(None), w.ends_at > now)
        query = query.where(w.starts_at > now if state == "coming" else w.starts_at <= now)
    if wanted := list(sku_ids):
        query = query.where(w.sku_id.in_(wanted))
    if between is not None:
        query = query.where(w.starts_at < between[1], func.coalesce(w.stopped_at, w.ends_at) > between[0])
    if before is not None:
        query = query.where(w.id < before)
    return [Window(**row._mapping) for row in await db.execute(query)]


async def overlapping(db: Db, sku_id: UUID, starts_at: datetime, ends_at: datetime) -> Sequence[Any]:
    """The SKU's windows that were not stopped and share a moment with this period."""
    w = price_windows
    shared = and_(w.c.starts_at < ends_at, w.c.ends_at > starts_at, w.c.stopped_at.is_(None))
    return (await db.execute(select(w).where(w.c.sku_id == sku_id, shared).order_by(w.c.starts_at))).all()


async def living_count(db: Db, shop_id: UUID, now: datetime) -> int:
    w = price_windows.c
    living = and_(w.shop_id == shop_id, w.stopped_at.is_(None), w.ends_at > now)
    return int(await db.scalar(select(func.count()).select_from(price_windows).where(living)) or 0)


async def sold_at(db: Db, window_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Pieces of each window that orders hold or have bought; only windows with a cap or a pool are counted."""
    t = window_takes.c
    query = select(t.window_id, func.sum(t.quantity)).where(t.window_id.in_(set(window_ids)), t.state == "taken")
    return {window_id: int(pieces) for window_id, pieces in await db.execute(query.group_by(t.window_id))}


async def price_history(db: Db, product_id: UUID) -> list[PriceEntry]:
    """The record of a product's SKUs, newest first, the latest HISTORY_MAX lines."""
    p, e, w = price_entries.c, window_entries.c, price_windows.c
    listed = select(
        p.at, p.id, p.sku_id, literal("list").label("what"), p.price_fen, null().label("struck_fen"),
        null().label("title"), null().label("starts_at"), null().label("ends_at"), p.actor_id,
    )  # fmt: skip
    windowed = select(
        e.at, e.id, e.sku_id, e.what, e.price_fen, e.struck_fen, w.title, e.starts_at, e.ends_at, e.actor_id
    ).join(price_windows, w.id == e.window_id)
    its_skus = select(skus.c.id).where(skus.c.product_id == product_id)
    both = union_all(listed.where(p.sku_id.in_(its_skus)), windowed.where(e.sku_id.in_(its_skus))).subquery()
    query = (
        select(both, skus.c.name.label("sku_name"))
        .join(skus, skus.c.id == both.c.sku_id)
        .order_by(both.c.at.desc(), both.c.id.desc())
        .limit(HISTORY_MAX)
    )
    return [PriceEntry(**{k: v for k, v in row._mapping.items() if k != "id"}) for row in await db.execute(query)]


def state(one: Window, now: datetime) -> WindowState:
    return rules.state_of(one.starts_at, one.ends_at, one.stopped_at, now)
