"""Orders that buy at the price of a window with a cap or pieces of its own are counted against it.

First `admit_takes`, before the stock is locked: the windows' rows are locked in the order of their ids, and who comes too late is
known. Then, when it is known whose stock sufficed, `note_takes`. In between nobody else can take anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, tuple_, update

from kaibo.goods.contracts import OutOfStock, ProductChanged, SkuId
from kaibo.goods.contracts.windows import WindowId
from kaibo.goods.windows import rules
from kaibo.goods.windows.tables import price_windows, window_takes
from kaibo.kernel.db import Db
from kaibo.kernel.errors import Refused
from kaibo.kernel.outbox import publish

_W, _T = price_windows.c, window_takes.c


@dataclass(frozen=True)
class Take:
    """Pieces that a placed order has taken at a window's price."""

    order_id: UUID
    window_id: WindowId
    buyer_id: UUID
    quantity: int


async def admit_takes(db: Db, asked: Mapping[int, rules.Asked]) -> dict[int, Refused]:
    """Who of those who ask (by place, in order of arrival) cannot have the price, and why. Asks nothing where nobody asks."""
    if not asked:
        return {}
    ids = {wish.window_id for _, wishes in asked.values() for wish in wishes}
    rows = await _lock(db, ids)
    pools = {WindowId(row.id): rules.Pool(row.left, row.per_buyer_max, {}) for row in rows}
    pairs = {(wish.window_id, buyer_id) for buyer_id, wishes in asked.values() for wish in wishes}
    had = (
        select(_T.window_id, _T.buyer_id, func.sum(_T.quantity))
        .where(tuple_(_T.window_id, _T.buyer_id).in_(list(pairs)), _T.state == "taken")
        .group_by(_T.window_id, _T.buyer_id)
    )
    for window_id, buyer_id, pieces in await db.execute(had):
        if window_id in pools:
            pools[window_id].had[buyer_id] = int(pieces)
    return rules.admit(asked, pools)


async def note_takes(db: Db, takes: Sequence[Take]) -> None:
    """These orders are stored. The windows are locked by admit_takes in the same transaction."""
    if not takes:
        return
    await db.execute(window_takes.insert(), [vars(one) | {"state": "taken"} for one in takes])
    await _move(db, [(one.window_id, one.quantity) for one in takes], 1)


async def release_takes(db: Db, order_ids: Sequence[UUID]) -> None:
    """Cancelled or expired unpaid: the pieces can be had at the window's price again. Idempotent."""
    t = window_takes
    moved = (
        update(t)
        .where(t.c.order_id.in_(order_ids), t.c.state == "taken")
        .values(state="released")
        .returning(t.c.window_id, t.c.quantity)
    )
    if rows := [(row.window_id, row.quantity) for row in await db.execute(moved)]:
        await _lock(db, {window_id for window_id, _ in rows})
        await _move(db, rows, -1)


async def retake_takes(db: Db, order_id: UUID) -> None:
    """Paid after its time: the pieces are taken again. Raises OutOfStock where the window's own are gone."""
    t = window_takes
    released = and_(t.c.order_id == order_id, t.c.state == "released")
    rows = (await db.execute(select(t.c.window_id, t.c.quantity).where(released))).all()
    if not rows:
        return
    left = {row.id: row for row in await _lock(db, {row.window_id for row in rows})}
    for row in rows:
        its = left[row.window_id]
        if its.left is not None and its.left < row.quantity:
            raise OutOfStock(sku_id=SkuId(its.sku_id), left=its.left)
    await db.execute(update(t).where(released).values(state="taken"))
    await _move(db, [(row.window_id, row.quantity) for row in rows], 1)


async def _lock(db: Db, window_ids: Iterable[UUID]) -> Sequence[Any]:
    """In the order of their ids, so that nobody waits in a circle."""
    w = price_windows
    query = select(w.c.id, w.c.sku_id, w.c.per_buyer_max, (w.c.pieces - w.c.taken).label("left"))
    mine = query.where(w.c.id.in_(list(window_ids))).order_by(w.c.id)
    return (await db.execute(mine.with_for_update(key_share=True))).all()


async def _move(db: Db, rows: Sequence[tuple[UUID, int]], sign: int) -> None:
    """Count, and say so where a pool has just run out or come back: then the price is another."""
    sums: dict[UUID, int] = {}
    for window_id, quantity in rows:
        sums[window_id] = sums.get(window_id, 0) + sign * quantity
    w = price_windows
    for window_id, pieces in sorted(sums.items()):
        counted = (
            update(w)
            .where(w.c.id == window_id, w.c.pieces.is_not(None))
            .values(taken=w.c.taken + pieces)
            .returning(w.c.product_id, w.c.shop_id, (w.c.pieces - w.c.taken).label("left"))
        )
        row = (await db.execute(counted)).first()
        if row is not None and (row.left == 0 or row.left + pieces == 0):
            await publish(db, ProductChanged(product_id=row.product_id, shop_id=row.shop_id, approved=True))
