"""Points of a checkout: held when it is placed, spent when it is paid, free again when it never is.

Accounts are locked after coupons and before stock, everywhere. An order without points costs no statement here: its explanation
says that it has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.orders.model import Order
from kaibo.trade.points import rules
from kaibo.trade.points.errors import PointsUnusable
from kaibo.trade.points.model import Part
from kaibo.trade.points.record import cause, holding, lock_accounts, move, pay_debts
from kaibo.trade.points.tables import point_entries, point_uses


@dataclass(frozen=True)
class Use:
    """`fen` of an order paid with points, of which `points_per_fen` make one."""

    order_id: UUID
    shop_id: UUID
    fen: int
    points_per_fen: int

    @property
    def points(self) -> int:
        return self.fen * self.points_per_fen


async def hold(db: Db, checkout_id: UUID, buyer_id: UUID, uses: Sequence[Use]) -> None:
    """Take a new checkout's points off the buyer's lots. The account is locked (record.lock_accounts).

    Raises PointsUnusable where there are not so many, and then nothing is done.
    """
    if not uses:
        return
    await _take(db, buyer_id, uses)
    now = clock.now()
    common = {"checkout_id": checkout_id, "buyer_id": buyer_id, "state": "held", "held_at": now, "changed_at": now}
    await db.execute(point_uses.insert(), [vars(one) | common for one in uses])


async def _take(db: Db, buyer_id: UUID, uses: Sequence[Use]) -> None:
    asked, found = sum(one.points for one in uses), await holding(db, buyer_id)
    if found.balance < asked:
        raise PointsUnusable(points=asked, usable=found.balance)
    left = {lot.id: lot for lot in found.lots}
    for one in uses:
        parts = rules.take(list(left.values()), one.points)
        await move(db, cause(buyer_id, "used", one.order_id), parts, sign=-1)
        for part in parts:
            lot = left[part.lot_id]
            left[part.lot_id] = type(lot)(lot.id, lot.left - part.points, lot.expires_at)


async def spend(db: Db, order: Order) -> None:
    """The order is paid. Idempotent."""
    if rules.fen_of(order.explanation):
        await _turn(db, [order.id], "held", "spent")


async def release(db: Db, orders: Iterable[Order]) -> None:
    """The orders were cancelled or ran out of time unpaid: the points go back to the lots they came from. Idempotent."""
    ids = [order.id for order in orders if rules.fen_of(order.explanation)]
    if ids:
        u = point_uses.c
        await _release(db, set((await db.execute(select(u.buyer_id).where(u.order_id.in_(ids)))).scalars()), ids)


async def unhold(db: Db, buyer_id: UUID, order_ids: Sequence[UUID]) -> None:
    """A checkout that held points was not placed after all. The account is locked."""
    await _release(db, {buyer_id}, order_ids)


async def _release(db: Db, buyers: set[UUID], order_ids: Sequence[UUID]) -> None:
    await lock_accounts(db, buyers)
    for row in await _turn(db, order_ids, "held", "released"):
        taken = await taken_of(db, row.order_id)
        parts = [Part(lot_id, points) for lot_id, points in taken.items()]
        await move(db, cause(row.buyer_id, "released", row.order_id), parts, sign=1)
    await pay_debts(db, buyers)


async def retake(db: Db, orders: Sequence[Order]) -> bool:
    """Paid although the points had been released: hold them again. False, and nothing changed, where the buyer has spent them
    meanwhile, or their time is over; True for a checkout without points.
    """
    ids = [order.id for order in orders if rules.fen_of(order.explanation)]
    if not ids:
        return True
    buyer_id = orders[0].buyer_id
    await lock_accounts(db, {buyer_id})
    u = point_uses.c
    rows = (await db.execute(select(point_uses).where(u.order_id.in_(ids), u.state == "released"))).all()
    uses = [Use(row.order_id, row.shop_id, row.fen, row.points_per_fen) for row in rows]
    try:
        await _take(db, buyer_id, uses)
    except PointsUnusable:
        return False
    await _turn(db, [one.order_id for one in uses], "released", "held")
    return True


async def taken_of(db: Db, order_id: UUID) -> dict[UUID, int]:
    """What each lot has given to an order and not got back."""
    e = point_entries.c
    moved = func.sum(e.points)
    query = (
        select(e.lot_id, moved.label("points"))
        .where(e.order_id == order_id, e.kind.in_(("used", "released", "returned")))
        .group_by(e.lot_id)
        .having(moved < 0)
        .order_by(e.lot_id)
    )
    return {row.lot_id: -int(row.points) for row in await db.execute(query)}


async def _turn(db: Db, order_ids: Sequence[UUID], state: str, to: str) -> list[Any]:
    u = point_uses
    turned = update(u).where(u.c.order_id.in_(order_ids), u.c.state == state).values(state=to, changed_at=clock.now())
    return sorted((await db.execute(turned.returning(u.c.order_id, u.c.buyer_id))).all())
