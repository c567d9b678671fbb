"""A window opens and ends at its instants: its struck price is held against the trades once more, and the house is told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from kaibo.goods.catalog.tables import products
from kaibo.goods.contracts import ProductChanged
from kaibo.goods.windows import rules
from kaibo.goods.windows.lookup import Window, window
from kaibo.goods.windows.tables import price_windows, window_entries
from kaibo.goods.windows.traded import trades_before
from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish

TURN = "goods.price_window"


async def set_clock(db: Db, made: Window) -> None:
    """Open it now where its time has come, else at its start."""
    if made.starts_at <= clock.now():
        await _open(db, made)
    else:
        await timers.set_timer(db, kind=TURN, key=str(made.id), due_at=made.starts_at)


async def turn(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The start or the end has come."""
    found = await window(db, UUID(key), lock=True)
    if found.stopped_at is not None:
        return
    if found.opened_at is None:
        await _open(db, found)
    elif found.ends_at <= clock.now():
        await end_window(db, found, "ended", None)


async def _open(db: Db, found: Window) -> None:
    """The seven days before the promotion are over now: whatever was traded in them counts (Order 56 art. 16)."""
    values: dict[str, Any] = {"opened_at": clock.now(), "struck_checked": found.struck_fen is not None}
    if found.struck_fen is not None:
        trades = await trades_before(db, [found.sku_id], found.starts_at)
        most = rules.struck_fen_max(trades[found.sku_id])
        if most is None or found.struck_fen > most:
            values |= {"struck_fen": None, "struck_checked": False}
    await db.execute(update(price_windows).where(price_windows.c.id == found.id).values(values))
    opened = await window(db, found.id)
    await note(db, opened, "opened", None)
    if found.struck_fen is not None and opened.struck_fen is None:
        await note(db, opened, "struck_dropped", None)
    await timers.set_timer(db, kind=TURN, key=str(found.id), due_at=found.ends_at)
    await tell(db, found)


async def end_window(db: Db, found: Window, what: str, actor_id: UUID | None) -> None:
    await timers.cancel_timer(db, kind=TURN, key=str(found.id))
    await note(db, found, what, actor_id)
    await tell(db, found)


async def tell(db: Db, found: Window) -> None:
    """Buyers who look at the product see another price from now on."""
    state = await db.scalar(select(products.c.state).where(products.c.id == found.product_id))
    if state == "approved":
        await publish(db, ProductChanged(product_id=found.product_id, shop_id=found.shop_id, approved=True))


async def note(db: Db, found: Window, what: str, actor_id: UUID | None) -> None:
    """Append to the record of prices."""
    members = ("sku_id", "price_fen", "struck_fen", "starts_at", "ends_at")
    row = {name: getattr(found, name) for name in members}
    await db.execute(window_entries.insert().values(row | {"window_id": found.id, "what": what, "actor_id": actor_id}))
