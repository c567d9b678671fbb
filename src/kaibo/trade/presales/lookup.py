"""Reading presales and what orders have of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import OrderId, OrderState
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.tables import orders
from kaibo.trade.presales.errors import PresaleMissing
from kaibo.trade.presales.model import Figures, Presale, PresaleOrder, Terms
from kaibo.trade.presales.tables import presale_orders, presales


async def presale(db: Db, presale_id: UUID, *, shop_id: UUID | None = None, lock: bool = False) -> Presale:
    """Raises PresaleMissing, also for another shop's where `shop_id` is given."""
    query = select(presales).where(presales.c.id == presale_id)
    if shop_id is not None:
        query = query.where(presales.c.shop_id == shop_id)
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise PresaleMissing(presale_id=str(presale_id))
    return _presale(row)


async def presales_of_shop(db: Db, shop_id: UUID, *, before: UUID | None, limit: int) -> list[Presale]:
    """Newest first."""
    query = select(presales).where(presales.c.shop_id == shop_id)
    if before is not None:
        query = query.where(presales.c.id < before)
    return [_presale(row) for row in await db.execute(query.order_by(presales.c.id.desc()).limit(limit))]


async def presales_of_products(db: Db, product_ids: Iterable[UUID]) -> list[Presale]:
    """Those that take deposits now or will; the soonest to end first."""
    p, now = presales.c, clock.now()
    live = and_(p.product_id.in_(list(product_ids)), p.deposit_until > now, p.stopped_at.is_(None))
    query = select(presales).where(live, p.failed_at.is_(None)).order_by(p.deposit_until, p.id)
    return [_presale(row) for row in await db.execute(query)]


async def presales_now(db: Db, *, limit: int) -> list[Presale]:
    """Those that take deposits at this moment, in all shops; the soonest to end first."""
    p, now = presales.c, clock.now()
    live = and_(p.deposit_from <= now, p.deposit_until > now, p.stopped_at.is_(None), p.failed_at.is_(None))
    rows = await db.execute(select(presales).where(live).order_by(p.deposit_until, p.id).limit(limit))
    return [_presale(row) for row in rows]


async def parts_of(db: Db, found: Sequence[Order]) -> dict[OrderId, PresaleOrder]:
    """What these orders have of presales; asks nothing where none of them is of one."""
    ids = [order.id for order in found if order.deposit_fen]
    if not ids:
        return {}
    rows = await db.execute(select(presale_orders).where(presale_orders.c.order_id.in_(ids)))
    return {OrderId(row.order_id): _part(row) for row in rows}


async def part_of(db: Db, order_id: UUID) -> PresaleOrder:
    """Of an order that is of a presale."""
    return _part((await db.execute(select(presale_orders).where(presale_orders.c.order_id == order_id))).one())


async def still_open(db: Db, order: Order) -> bool:
    """Whether a deposit that comes now still reserves: none has, its balance is not over, and the merchant has not failed."""
    k, p = presale_orders.c, presales.c
    fresh = and_(k.order_id == order.id, k.reserved_at.is_(None), k.balance_until > clock.now(), p.failed_at.is_(None))
    return (await db.execute(select(p.id).join(presale_orders, k.presale_id == p.id).where(fresh))).first() is not None


async def orders_to_fail(db: Db, presale_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
    """Orders of a presale that are neither shipped nor over, the oldest first; `after` is the last one seen before."""
    unshipped = and_(orders.c.state == OrderState.PAID.value, orders.c.first_shipped_at.is_(None))
    waiting = or_(orders.c.state.in_([OrderState.PLACED.value, OrderState.RESERVED.value]), unshipped)
    query = select(orders.c.id).join(presale_orders, presale_orders.c.order_id == orders.c.id)
    query = query.where(presale_orders.c.presale_id == presale_id, waiting)
    if after is not None:
        query = query.where(orders.c.id > after)
    return list((await db.execute(query.order_by(orders.c.id).limit(limit))).scalars())


async def figures(db: Db, presale_ids: Sequence[UUID]) -> dict[UUID, Figures]:
    """How each of these presales goes."""
    o, k = orders.c, presale_orders.c
    gone = o.state.in_([OrderState.CANCELLED.value, OrderState.EXPIRED.value])

    def number(which: ColumnElement[bool]) -> Any:
        return func.count().filter(which)

    def fen(what: Any, which: ColumnElement[bool]) -> Any:
        return func.coalesce(func.sum(what).filter(which), 0)

    rows = await db.execute(
        select(
            k.presale_id,
            number(o.state == OrderState.PLACED.value).label("unpaid"),
            number(o.state == OrderState.RESERVED.value).label("reserved"),
            number(o.paid_at.is_not(None)).label("paid"),
            number(and_(gone, o.paid_at.is_(None))).label("closed"),
            func.coalesce(func.sum(case((k.reserved_at.is_not(None), k.quantity), else_=0)), 0).label("pieces"),
            fen(k.deposit_fen, k.reserved_at.is_not(None)).label("deposits_fen"),
            fen(k.deposit_fen, k.outcome == "kept").label("kept_fen"),
            fen(o.total_fen - o.deposit_fen, o.paid_at.is_not(None)).label("balances_fen"),
        )
        .join(orders, o.id == k.order_id)
        .where(k.presale_id.in_(list(presale_ids)))
        .group_by(k.presale_id)
    )
    names = Figures.__dataclass_fields__
    return {row.presale_id: Figures(**{name: int(getattr(row, name)) for name in names}) for row in rows}


def _presale(row: Any) -> Presale:
    plain = {name: getattr(row, name) for name in Terms.__dataclass_fields__ if name != "sku_id"}
    return Presale(
        id=row.id,
        shop_id=ShopId(row.shop_id),
        product_id=ProductId(row.product_id),
        terms=Terms(sku_id=SkuId(row.sku_id), **plain),
        created_at=row.created_at,
        stopped_at=row.stopped_at,
        failed_at=row.failed_at,
        failed_why=row.failed_why,
    )


def _part(row: Any) -> PresaleOrder:
    own = {"order_id", "shop_id", "buyer_id"}
    return PresaleOrder(
        order_id=OrderId(row.order_id),
        shop_id=ShopId(row.shop_id),
        buyer_id=PersonId(row.buyer_id),
        **{name: getattr(row, name) for name in PresaleOrder.__dataclass_fields__ if name not in own},
    )
