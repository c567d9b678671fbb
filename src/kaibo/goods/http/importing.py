"""Products from a CSV file."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, File, Response, UploadFile

from kaibo.goods.contracts import FileTooLarge
from kaibo.goods.importing.columns import COLUMNS, template
from kaibo.goods.importing.import_products import import_products
from kaibo.goods.importing.read import FILE_BYTES_MAX, Fault
from kaibo.goods.wire import ImportFault, ImportReport
from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, auth, limited

router = APIRouter()

_COLUMNS = {column.key: column for column in COLUMNS}


@router.post(
    "/api/shops/{shop_id}/products/import",
    dependencies=[auth.shop_staff, auth.scope("products:write"), limited("10/minute")],
)
async def import_product_file(
    shop_id: Id, file: Annotated[UploadFile, File()], db: DbDep, caller: CallerDep, idem: Idempotent
) -> ImportReport:
    """Import SKUs by their code: the good rows now, every bad one by line and column."""
    content = await file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise FileTooLarge(bytes_max=FILE_BYTES_MAX)
    async with idem.guard(db, caller, hashlib.sha256(content).hexdigest()) as seen:
        if seen.response is not None:
            return ImportReport.model_validate(seen.response)
        report = await import_products(db, shop_id, caller.id, content)
        errors = [_fault(fault, caller.locale) for fault in report.faults]
        return seen.keep(ImportReport(created=report.created, updated=report.updated, rows=report.rows, errors=errors))


@router.get(
    "/api/shops/{shop_id}/products/import/template",
    dependencies=[auth.shop_staff, auth.scope("products:read")],
    response_class=Response,
)
async def get_import_template(shop_id: Id, caller: CallerDep) -> Response:
    """An example file in the reader's language."""
    return Response(
        template(caller.locale).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="kaibo-products.csv"'},
    )


def _fault(fault: Fault, locale: Locale) -> ImportFault:
    column = _COLUMNS.get(fault.column or "")
    message = say(fault.code, locale, {**fault.facts, "column": column.name(locale) if column else ""})
    return ImportFault(line=fault.line, column=fault.column, code=fault.code, message=message)
