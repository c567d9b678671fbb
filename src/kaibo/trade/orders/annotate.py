"""The merchant's own marks on an order: a coloured flag, and notes that the buyer never sees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderId
from kaibo.trade.orders import rules
from kaibo.trade.orders.errors import TooManyNotes
from kaibo.trade.orders.lookup import lock_order, require_shop
from kaibo.trade.orders.model import Flag, Order
from kaibo.trade.orders.record import change_order
from kaibo.trade.orders.tables import order_notes


@dataclass(frozen=True)
class ShopNote:
    at: datetime
    by_name: str
    text: str


async def set_flag(db: Db, order_id: UUID, *, shop_id: UUID, flag: Flag | None) -> Order:
    """Raises OrderMissing."""
    order = replace(require_shop(await lock_order(db, order_id), shop_id), flag=flag)
    await change_order(db, order, "flag")
    return order


async def add_note(db: Db, order_id: UUID, *, shop_id: UUID, by: UUID, by_name: str, text: str) -> Order:
    """Notes are added and not changed, so that colleagues can rely on them. Raises OrderMissing, TooManyNotes."""
    order = require_shop(await lock_order(db, order_id), shop_id)
    n = order_notes
    if int(await db.scalar(select(func.count()).where(n.c.order_id == order.id)) or 0) >= rules.SHOP_NOTES_MAX:
        raise TooManyNotes(notes_max=rules.SHOP_NOTES_MAX)
    row = {"order_id": order.id, "shop_id": order.shop_id, "at": clock.now(), "by_id": by, "by_name": by_name}
    await db.execute(n.insert().values(row | {"text": text}))
    return order


async def notes_of(db: Db, order_ids: Iterable[UUID]) -> dict[OrderId, list[ShopNote]]:
    """Oldest first."""
    n = order_notes
    query = select(n).where(n.c.order_id.in_(list(order_ids))).order_by(n.c.order_id, n.c.id)
    found: dict[OrderId, list[ShopNote]] = defaultdict(list)
    for row in await db.execute(query):
        found[OrderId(row.order_id)].append(ShopNote(row.at, row.by_name, row.text))
    return found
