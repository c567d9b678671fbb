"""Many parcels out of one file."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, File, Response, UploadFile

from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Wire, auth, limited
from kaibo.trade.sheets.ship_file import FILE_BYTES_MAX, ship_file, ship_template

router = APIRouter(tags=["parcels"])


class ShipFaultWire(Wire):
    """`line` counts from 1, the header's; `column`: number, carrier or tracking_number."""

    line: int
    column: str | None
    code: str
    message: str


class ShipReportWire(Wire):
    """`rows` of the file = `shipped` + the rows in `errors`."""

    rows: int
    shipped: int
    errors: list[ShipFaultWire]


@router.post(
    "/api/shops/{shop_id}/orders/shipments/import",
    dependencies=[auth.shop_staff, auth.scope("orders:write"), limited("10/minute")],
)
async def import_shipments(
    shop_id: Id, file: Annotated[UploadFile, File()], db: DbDep, caller: CallerDep, idem: Idempotent
) -> ShipReportWire:
    """A CSV or .xlsx with order number, carrier and tracking number: the good rows are shipped, every bad one is named."""
    content = await file.read(FILE_BYTES_MAX + 1)
    async with idem.guard(db, caller, hashlib.sha256(content).hexdigest()) as seen:
        if seen.response is not None:
            return ShipReportWire.model_validate(seen.response)
        report = await ship_file(db, shop_id, caller.id, content, caller.locale)
        errors = [ShipFaultWire(**vars(fault)) for fault in report.faults]
        return seen.keep(ShipReportWire(rows=report.rows, shipped=report.shipped, errors=errors))


@router.get(
    "/api/shops/{shop_id}/orders/shipments/import/template",
    dependencies=[auth.shop_staff, auth.scope("orders:read")],
    response_class=Response,
)
async def get_shipments_template(shop_id: Id, caller: CallerDep) -> Response:
    """An example file in the reader's language."""
    return Response(
        ship_template(caller.locale).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="kaibo-shipments.csv"'},
    )
