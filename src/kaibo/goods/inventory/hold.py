"""Hold, release, consume, put back: what an order does to stock.

One conditional UPDATE a SKU, in SKU order: the check and the change are one statement, and two orders that share SKUs never wait
for each other in a circle. CHECK constraints stand behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select, update

from kaibo.goods.catalog.tables import skus
from kaibo.goods.contracts import (
    LINE_QUANTITY_MAX,
    HoldExists,
    LimitReached,
    OutOfStock,
    QuantityInvalid,
    SkuId,
    SkuMissing,
    StockChanged,
)
from kaibo.goods.inventory.tables import holds, stock, stock_entries
from kaibo.goods.windows.take import release_takes
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish


def check_quantity(sku_id: UUID, quantity: int) -> None:
    """Raises QuantityInvalid for anything but 1 to LINE_QUANTITY_MAX pieces."""
    if not 1 <= quantity <= LINE_QUANTITY_MAX:
        raise QuantityInvalid(sku_id=SkuId(sku_id), quantity=quantity, quantity_max=LINE_QUANTITY_MAX)


def merged(lines: Sequence[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
    """One line a SKU, in SKU order. Raises QuantityInvalid."""
    sums: dict[UUID, int] = {}
    for sku_id, quantity in lines:
        check_quantity(sku_id, quantity)
        sums[sku_id] = sums.get(sku_id, 0) + quantity
        check_quantity(sku_id, sums[sku_id])
    return sorted(sums.items())


async def hold(db: Db, order_id: UUID, lines: Sequence[tuple[UUID, int]], *, buyer_id: UUID | None = None) -> None:
    """Set the pieces aside for an order. Repeating the same call changes nothing.

    Raises OutOfStock, SkuMissing, QuantityInvalid, HoldExists, and LimitReached where `buyer_id` is given and a SKU's
    limit_per_buyer would be passed. Publishes StockChanged.
    """
    wanted = merged(lines)
    if await _held_before(db, order_id, wanted):
        return
    limits = {
        row.id: row.limit_per_buyer
        for row in await db.execute(
            select(skus.c.id, skus.c.limit_per_buyer).where(skus.c.id.in_([s for s, _ in wanted]))
        )
    }
    for sku_id, quantity in wanted:
        row = (
            await db.execute(
                update(stock)
                .where(stock.c.sku_id == sku_id, stock.c.stock - stock.c.held >= quantity)
                .values(held=stock.c.held + quantity)
                .returning(stock.c.product_id, stock.c.shop_id, (stock.c.stock - stock.c.held).label("available"))
            )
        ).first()
        if row is None:
            await _refuse(db, sku_id)
        assert row is not None
        # The stock row is locked from here to the commit, so that two orders of one buyer cannot both pass the limit.
        await _check_limit(db, sku_id, quantity, limits.get(sku_id), buyer_id)
        await db.execute(
            holds.insert().values(
                order_id=order_id,
                sku_id=sku_id,
                shop_id=row.shop_id,
                quantity=quantity,
                buyer_id=buyer_id,
                state="held",
            )
        )
        await publish(db, StockChanged(sku_id=sku_id, product_id=row.product_id, available=row.available))


async def _held_before(db: Db, order_id: UUID, wanted: list[tuple[UUID, int]]) -> bool:
    rows = (await db.execute(select(holds).where(holds.c.order_id == order_id).order_by(holds.c.sku_id))).all()
    if not rows:
        return False
    if [(row.sku_id, row.quantity) for row in rows] != wanted or any(row.state != "held" for row in rows):
        raise HoldExists(order_id=str(order_id))
    return True


async def _refuse(db: Db, sku_id: UUID) -> None:
    left = await db.scalar(select(stock.c.stock - stock.c.held).where(stock.c.sku_id == sku_id))
    if left is None:
        raise SkuMissing(id=str(sku_id))
    raise OutOfStock(sku_id=SkuId(sku_id), left=left)


async def _check_limit(db: Db, sku_id: UUID, quantity: int, limit: int | None, buyer_id: UUID | None) -> None:
    if limit is None or buyer_id is None:
        return
    mine = select(func.coalesce(func.sum(holds.c.quantity), 0)).where(
        holds.c.sku_id == sku_id, holds.c.buyer_id == buyer_id, holds.c.state.in_(("held", "consumed"))
    )
    had = int(await db.scalar(mine) or 0)
    if had + quantity > limit:
        raise LimitReached(sku_id=SkuId(sku_id), limit=limit, had=had)


async def lock_pieces(db: Db, order_ids: Sequence[UUID]) -> None:
    """Lock the stock of everything that these orders hold or held, in SKU order, before they are gone through one by one: the
    SKUs of one order after the other would be in no order, and two who go the opposite way wait for each other in a circle.
    """
    theirs = select(holds.c.sku_id).where(holds.c.order_id.in_(order_ids))
    rows = select(stock.c.sku_id).where(stock.c.sku_id.in_(theirs)).order_by(stock.c.sku_id)
    await db.execute(rows.with_for_update(key_share=True))


async def release(db: Db, order_id: UUID) -> None:
    """The order was cancelled or expired unpaid: its held pieces can be sold again. Idempotent."""
    await release_all(db, [order_id])


async def release_all(db: Db, order_ids: Sequence[UUID]) -> None:
    """Like release, for many orders: one change and one StockChanged a SKU, however many held some of it."""
    await release_takes(db, order_ids)
    moved = await db.execute(
        update(holds)
        .where(holds.c.order_id.in_(order_ids), holds.c.state == "held")
        .values(state="released")
        .returning(holds.c.sku_id, holds.c.quantity)
    )
    sums: dict[UUID, int] = {}
    for sku_id, quantity in moved:
        sums[sku_id] = sums.get(sku_id, 0) + quantity
    for sku_id, quantity in sorted(sums.items()):
        row = (
            await db.execute(
                update(stock)
                .where(stock.c.sku_id == sku_id)
                .values(held=stock.c.held - quantity)
                .returning(stock.c.product_id, (stock.c.stock - stock.c.held).label("available"))
            )
        ).one()
        await publish(db, StockChanged(sku_id=sku_id, product_id=row.product_id, available=row.available))


async def consume(db: Db, order_id: UUID, traded_fen: Mapping[SkuId, int]) -> None:
    """The order is paid: held pieces are sold, each for `traded_fen` of its SKU, out of which struck prices are justified.

    Idempotent; nothing happens where nothing is held (any more).
    """
    for sku_id, quantity in await _move(db, order_id, "held", "consumed"):
        after = (
            await db.execute(
                update(stock)
                .where(stock.c.sku_id == sku_id)
                .values(stock=stock.c.stock - quantity, held=stock.c.held - quantity, sold=stock.c.sold + quantity)
                .returning(stock.c.shop_id, stock.c.stock)
            )
        ).one()
        unit_fen = traded_fen.get(SkuId(sku_id))
        await note_entry(db, after.shop_id, sku_id, order_id, -quantity, after.stock, "sold", unit_fen)


async def put_back(db: Db, order_id: UUID) -> None:
    """A paid order was refunded before shipping: its sold pieces that are not back yet return to stock. Idempotent."""
    for sku_id, quantity in await _move(db, order_id, "consumed", "returned"):
        if not quantity:
            continue
        row = (
            await db.execute(
                update(stock)
                .where(stock.c.sku_id == sku_id)
                .values(stock=stock.c.stock + quantity, sold=stock.c.sold - quantity)
                .returning(
                    stock.c.product_id,
                    stock.c.shop_id,
                    stock.c.stock,
                    (stock.c.stock - stock.c.held).label("available"),
                )
            )
        ).one()
        await note_entry(db, row.shop_id, sku_id, order_id, quantity, row.stock, "returned")
        await publish(db, StockChanged(sku_id=sku_id, product_id=row.product_id, available=row.available))


async def _move(db: Db, order_id: UUID, state: str, to: str) -> list[tuple[UUID, int]]:
    """The order's lines that were in `state` and are in `to` now, in SKU order. A second call finds none."""
    rows = await db.execute(
        update(holds)
        .where(holds.c.order_id == order_id, holds.c.state == state)
        .values(state=to)
        .returning(holds.c.sku_id, (holds.c.quantity - holds.c.returned).label("pieces"))
    )
    return sorted((row.sku_id, row.pieces) for row in rows)


async def note_entry(
    db: Db,
    shop_id: UUID,
    sku_id: UUID,
    order_id: UUID,
    delta: int,
    stock_after: int,
    kind: str,
    unit_fen: int | None = None,
) -> None:
    """What an order did to the stock; `unit_fen` is what a piece was sold for."""
    row = {"shop_id": shop_id, "sku_id": sku_id, "delta": delta, "stock_after": stock_after, "kind": kind}
    row |= {"reason": "", "order_id": order_id, "unit_fen": unit_fen}
    await db.execute(stock_entries.insert().values(row))
