"""The job: write the file, a batch in a transaction, so that it may be as long as it likes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select, update

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Database, Db
from kaibo.kernel.sheets.cells import Cell
from kaibo.kernel.sheets.write import new_sheet
from kaibo.kernel.timers import set_timer
from kaibo.open.exports.lookup import file_of
from kaibo.open.exports.tables import exports
from kaibo.trade import facade as trade
from kaibo.trade.contracts import OrderState, WhichOrders

EXPIRE = "open.export.expire"
KEEP_HOURS = 24
BATCH = 500
ERROR_CHARS_MAX = 500


class _Batch(Protocol):
    @property
    def rows(self) -> list[list[Cell]]: ...

    @property
    def after(self) -> UUID | None: ...


async def make_export(database: Database, export_id: UUID) -> None:
    """Begin from the start however often it is run; an export that is done or gone is left alone."""
    async with database.transaction() as db:
        row = (await db.execute(select(exports).where(exports.c.id == export_id).with_for_update())).first()
        if row is None or row.state in ("done", "expired"):
            return
        await _set(db, export_id, state="running", rows_done=0, error=None)
    try:
        await _write(database, row)
    except Exception as wrong:
        async with database.transaction() as db:
            await _set(db, export_id, state="failed", error=repr(wrong)[:ERROR_CHARS_MAX])
        raise
    size = file_of(export_id, row.format).stat().st_size
    until = clock.now() + timedelta(hours=KEEP_HOURS)
    async with database.transaction() as db:
        await _set(db, export_id, state="done", file_bytes=size, done_at=clock.now(), expires_at=until)
        await set_timer(db, kind=EXPIRE, key=str(export_id), due_at=until, payload={"format": row.format})


async def _write(database: Database, row: Any) -> None:
    header, fetch = _source(row)
    target = file_of(row.id, row.format)
    part = target.with_suffix(".part")
    sheet = new_sheet(part, row.format, header)
    after: UUID | None = None
    done = 0
    try:
        while True:
            async with database.transaction() as db:
                batch = await fetch(db, after)
                done += len(batch.rows)
                await _set(db, row.id, rows_done=done)
            # in a thread: half a thousand rows of Excel take a while
            await asyncio.to_thread(_add, sheet, batch.rows)
            if batch.after is None:
                break
            after = batch.after
    finally:
        await asyncio.to_thread(sheet.close)
    part.replace(target)


def _add(sheet: Any, rows: list[list[Cell]]) -> None:
    for row in rows:
        sheet.add(row)


def _source(row: Any) -> tuple[list[str], Callable[[Db, UUID | None], Awaitable[_Batch]]]:
    if row.kind == "products":

        async def products(db: Db, after: UUID | None) -> _Batch:
            return await goods.product_rows(db, row.shop_id, row.locale, after, BATCH)

        return goods.product_header(row.locale), products

    which = WhichOrders(
        row.shop_id,
        _instant(row.filters["since"]),
        _instant(row.filters["until"]),
        tuple(OrderState(state) for state in row.filters["states"]),
    )

    async def orders(db: Db, after: UUID | None) -> _Batch:
        return await trade.order_rows(db, which, row.locale, after, BATCH)

    return trade.order_header(row.locale), orders


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


async def _set(db: Db, export_id: UUID, **values: Any) -> None:
    await db.execute(update(exports).where(exports.c.id == export_id).values(**values))


async def expire_export(db: Db, key: str, payload: dict[str, Any]) -> None:
    """The timer: the file is gone, the line in the list stays."""
    await asyncio.to_thread(file_of(UUID(key), payload["format"]).unlink, missing_ok=True)
    await _set(db, UUID(key), state="expired")
