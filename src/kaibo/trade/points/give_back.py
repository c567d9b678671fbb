"""What a refund does to points: those spent come back in proportion to the goods, those earned are taken back in proportion.

Both are reckoned from where the order stands, never from what the refund says: the platform pays the shop what still stands of the
points' worth, the buyer has the rest again, and the two are together exactly what the points paid.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import note_history
from kaibo.trade.points import rules
from kaibo.trade.points.hold import taken_of
from kaibo.trade.points.model import Part
from kaibo.trade.points.record import Cause, cause, entry, holding, lock_accounts, move, pay_debts
from kaibo.trade.points.tables import point_entries, point_lots, point_uses
from kaibo.trade.settlement.rules import Shares, divide_order, total
from kaibo.trade.settlement.take_back import shares_left


async def points_after_refund(db: Db, order: Order) -> None:
    """For a locked order, as it is after a refund was promised and its shares were taken back. Saying it again changes nothing.

    An order that neither used nor could have earned points costs no statement.
    """
    settled, spent_fen = order.state is OrderState.SETTLED, rules.fen_of(order.explanation)
    if not settled and not spent_fen:
        return
    stands = await _standing(db, order)
    if spent_fen:
        await _give_back(db, order, stands.points_fen)
    if settled:
        await _take_back(db, order, stands.goods_fen)


async def lock_points(db: Db, order: Order) -> None:
    """Have the buyer's points before a refund puts pieces back: points are locked before stock, everywhere. Nothing is asked for an
    order that neither used nor could have earned any."""
    if order.state is OrderState.SETTLED or rules.fen_of(order.explanation):
        await lock_accounts(db, {order.buyer_id})


async def _standing(db: Db, order: Order) -> Shares:
    if order.state is OrderState.SETTLED:
        return total(list((await shares_left(db, order)).values()))
    if order.refunded_fen == order.total_fen:
        return Shares()
    return total(list(divide_order(order).values()))


async def _give_back(db: Db, order: Order, standing_fen: int) -> None:
    u = point_uses
    row = (await db.execute(select(u).where(u.c.order_id == order.id, u.c.state == "spent").with_for_update())).first()
    if row is None or (fen := row.fen - row.returned_fen - standing_fen) <= 0:
        return
    await lock_accounts(db, {order.buyer_id})
    await db.execute(update(u).where(u.c.order_id == order.id).values(returned_fen=u.c.returned_fen + fen))
    points, why = fen * row.points_per_fen, cause(order.buyer_id, "returned", order.id)
    taken = await taken_of(db, order.id)
    ends = {lot.id: lot.expires_at for lot in await _lots(db, taken)}
    parts = rules.put_back(taken, ends, points)
    alive = [part for part in parts if ends[part.lot_id] > why.at]
    await move(db, why, alive, sign=1)
    if late := points - sum(part.points for part in alive):
        await _new_lot(db, why, late)
    await pay_debts(db, {order.buyer_id})
    await note_history(db, order, at=why.at, actor="system", why="trade.why.points_returned", said=str(points))


async def _new_lot(db: Db, why: Cause, points: int) -> None:
    """Points whose time was over while the goods were on their way: a refund would be worth less than was paid."""
    lot_id, ends = new_id(), why.at + timedelta(days=rules.RETURNED_DAYS)
    lot = {"id": lot_id, "buyer_id": why.buyer_id, "kind": "returned", "points": points, "left_points": points}
    lot |= {"order_id": why.order_id, "at": why.at, "expires_at": ends}
    await db.execute(point_lots.insert().values(lot))
    await db.execute(point_entries.insert().values(entry(why, lot_id, points)))


async def _take_back(db: Db, order: Order, goods_fen: int) -> None:
    l, e = point_lots.c, point_entries.c  # noqa: E741
    lot = (await db.execute(select(point_lots).where(l.order_id == order.id, l.kind == "earned"))).first()
    if lot is None:
        return
    await lock_accounts(db, {order.buyer_id})
    gone = -int(await db.scalar(_sum().where(e.order_id == order.id, e.kind == "taken_back")) or 0)
    expired = -int(await db.scalar(_sum().where(e.lot_id == lot.id, e.kind == "expired")) or 0)
    keeps = rules.earned(goods_fen, lot.earn_fen_per_point)
    points = rules.to_take_back(had=int(lot.points), gone=gone, expired=expired, keeps=keeps)
    if not points:
        return
    found = await holding(db, order.buyer_id)
    own = [one for one in found.lots if one.id == lot.id]
    parts = rules.take(own, points)
    parts += rules.take([one for one in found.lots if one.id != lot.id], points - sum(part.points for part in parts))
    short = points - sum(part.points for part in parts)
    sums: dict[Any, int] = {part.lot_id: part.points for part in parts}
    if short:  # spent already: the lot goes below zero, and the next points fill it
        sums[lot.id] = sums.get(lot.id, 0) + short
    why = cause(order.buyer_id, "taken_back", order.id)
    await move(db, why, [Part(lot_id, part) for lot_id, part in sums.items()], sign=-1)
    await note_history(db, order, at=clock.now(), actor="system", why="trade.why.points_taken_back", said=str(points))


def _sum() -> Any:
    return select(func.sum(point_entries.c.points))


async def _lots(db: Db, ids: Any) -> list[Any]:
    l = point_lots.c  # noqa: E741
    return list((await db.execute(select(l.id, l.expires_at).where(l.id.in_(list(ids))))).all())
