"""Ask for an export; a job makes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select, text

from kaibo.goods import facade as goods
from kaibo.kernel import jobs
from kaibo.kernel.db import Db
from kaibo.kernel.errors import Conflict, Invalid, Refused, refusal
from kaibo.kernel.i18n import Locale
from kaibo.kernel.sheets.write import XLSX_ROWS_MAX, Format
from kaibo.kernel.web.wire import rfc3339
from kaibo.open.exports.lookup import Export, export
from kaibo.open.exports.tables import exports
from kaibo.trade import facade as trade
from kaibo.trade.contracts import OrderState, WhichOrders

JOB = "open.export"
RUNNING_MAX = 3
Kind = Literal["orders", "products"]


@refusal
class ExportsRunning(Conflict):
    code = "open.exports_running"
    running_max: int


@refusal
class ExportTooLong(Refused):
    """An Excel sheet cannot hold so many rows."""

    code = "open.export_too_long"
    rows: int
    rows_max: int


@refusal
class ExportRangeWrong(Invalid):
    code = "open.export_range_wrong"


async def ask_for_export(
    db: Db,
    shop_id: UUID,
    person_id: UUID,
    *,
    kind: Kind,
    format: Format,
    locale: Locale,
    since: datetime | None = None,
    until: datetime | None = None,
    states: tuple[OrderState, ...] = (),
) -> Export:
    """Filters are of orders. Raises ExportsRunning, ExportTooLong, ExportRangeWrong."""
    if since is not None and until is not None and since >= until:
        raise ExportRangeWrong()
    name = {"name": f"open.exports:{shop_id}"}
    await db.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), name)
    running = (exports.c.shop_id == shop_id) & exports.c.state.in_(("waiting", "running"))
    if (await db.scalar(select(func.count()).select_from(exports).where(running)) or 0) >= RUNNING_MAX:
        raise ExportsRunning(running_max=RUNNING_MAX)
    if kind == "orders":
        rows = await trade.count_order_rows(db, WhichOrders(shop_id, since, until, states))
    else:
        rows = await goods.count_product_rows(db, shop_id)
    if format == "xlsx" and rows >= XLSX_ROWS_MAX:
        raise ExportTooLong(rows=rows, rows_max=XLSX_ROWS_MAX - 1)
    filters: dict[str, Any] = {
        "since": rfc3339(since) if since else None,
        "until": rfc3339(until) if until else None,
        "states": [state.value for state in states],
    }
    values = {"shop_id": shop_id, "person_id": person_id, "kind": kind, "format": format, "locale": locale}
    made = await db.execute(
        exports.insert().values(**values, filters=filters, state="waiting", rows_total=rows).returning(exports.c.id)
    )
    export_id: UUID = made.scalar_one()
    await jobs.defer(db, JOB, export_id=str(export_id))
    return await export(db, shop_id, export_id)
