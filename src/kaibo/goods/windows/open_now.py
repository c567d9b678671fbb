"""The windows that count at this moment, for statements that read SKUs anyway."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, or_, select

from kaibo.goods.catalog.tables import skus
from kaibo.goods.contracts import SkuId
from kaibo.goods.contracts.windows import OpenWindow, WindowId
from kaibo.goods.windows.tables import price_windows
from kaibo.kernel import clock
from kaibo.kernel.db import Db

_W = price_windows.c
_SHOWN_STRUCK = case((_W.struck_checked, _W.struck_fen))
"""Only once it was found lawful, at the opening."""


def counts_at(now: datetime) -> ColumnElement[bool]:
    """A window counts from its start to its end, unless it was stopped or its pieces are taken."""
    some_left = or_(_W.pieces.is_(None), _W.taken < _W.pieces)
    return and_(_W.stopped_at.is_(None), _W.starts_at <= now, _W.ends_at > now, some_left)


def windows_json() -> ScalarSelect[Any]:
    """All windows of the statement's SKU, as one JSON column; NULL where it has none. Costs one look into an index a SKU."""
    members = func.jsonb_build_array(
        _W.id, _W.room_id, _W.price_fen, _SHOWN_STRUCK, _W.ends_at, _W.pieces - _W.taken, _W.per_buyer_max
    )
    here = and_(_W.sku_id == skus.c.id, counts_at(clock.now()))
    return select(func.jsonb_agg(members)).where(here).correlate(skus).scalar_subquery()


def shelf_price() -> ScalarSelect[Any]:
    """The lowest price of the statement's SKU on the shelf; NULL where no window counts."""
    here = and_(_W.sku_id == skus.c.id, _W.room_id.is_(None), counts_at(clock.now()))
    return select(func.min(_W.price_fen)).where(here).correlate(skus).scalar_subquery()


def read_windows(found: Any) -> tuple[OpenWindow, ...]:
    """What windows_json brought."""
    return tuple(
        OpenWindow(
            id=WindowId(UUID(window_id)),
            room_id=UUID(room_id) if room_id else None,
            price_fen=price_fen,
            struck_fen=struck_fen,
            ends_at=datetime.fromisoformat(ends_at),
            left=left,
            per_buyer_max=per_buyer_max,
        )
        for window_id, room_id, price_fen, struck_fen, ends_at, left, per_buyer_max in found or ()
    )


async def windows_by_sku(db: Db, sku_ids: Iterable[UUID]) -> dict[SkuId, list[OpenWindow]]:
    """SKUs without a window that counts are left out."""
    query = select(
        _W.sku_id, _W.id, _W.room_id, _W.price_fen, _SHOWN_STRUCK.label("struck_fen"), _W.ends_at,
        (_W.pieces - _W.taken).label("left"), _W.per_buyer_max,
    ).where(_W.sku_id.in_(set(sku_ids)), counts_at(clock.now()))  # fmt: skip
    found: dict[SkuId, list[OpenWindow]] = {}
    for row in await db.execute(query):
        members = row._asdict()
        found.setdefault(SkuId(members.pop("sku_id")), []).append(OpenWindow(**members))
    return found
