"""Exports of a shop: asked for, watched, fetched."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from pydantic import AwareDatetime, Field

from kaibo.kernel.sheets.write import MEDIA_TYPES, Format
from kaibo.kernel.web import (
    CallerDep,
    DbDep,
    Id,
    Idempotent,
    Instant,
    Page,
    PageQuery,
    Wire,
    auth,
    limited,
)
from kaibo.open.exports.ask_for_export import Kind, ask_for_export
from kaibo.open.exports.lookup import Export, ExportMissing, ExportState, export, exports_of, file_of
from kaibo.trade.contracts import OrderState

router = APIRouter(tags=["exports"])


class ExportBody(Wire):
    """`since`, `until` (placed at; until excluded) and `states` are filters of orders."""

    kind: Kind
    format: Format = "csv"
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    states: list[OrderState] = Field([], max_length=len(OrderState))


class ExportWire(Wire):
    """The file can be fetched while `state` is "done", until `expires_at`."""

    id: Id
    kind: Literal["orders", "products"]
    format: Format
    state: ExportState
    rows_done: int
    rows_total: int
    file_bytes: int | None
    created_at: Instant
    done_at: Instant | None
    expires_at: Instant | None

    @classmethod
    def of(cls, found: Export) -> ExportWire:
        return cls(**vars(found))


@router.post(
    "/api/shops/{shop_id}/exports",
    status_code=201,
    dependencies=[auth.shop_staff, auth.scope("exports:write"), limited("10/minute")],
)
async def create_export(shop_id: Id, body: ExportBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> ExportWire:
    """Have a file made in the background."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return ExportWire.model_validate(seen.response)
        wanted = {**dict(body), "states": tuple(body.states)}
        return seen.keep(ExportWire.of(await ask_for_export(db, shop_id, caller.id, locale=caller.locale, **wanted)))


@router.get("/api/shops/{shop_id}/exports", dependencies=[auth.shop_staff, auth.scope("exports:read")])
async def list_exports(shop_id: Id, db: DbDep, page: PageQuery) -> Page[ExportWire]:
    """Newest first, with their progress."""
    found = await exports_of(db, shop_id, before=page.uuid(0), limit=page.limit + 1)
    items = [ExportWire.of(one) for one in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))


@router.get("/api/shops/{shop_id}/exports/{export_id}", dependencies=[auth.shop_staff, auth.scope("exports:read")])
async def get_export(shop_id: Id, export_id: Id, db: DbDep) -> ExportWire:
    return ExportWire.of(await export(db, shop_id, export_id))


@router.get(
    "/api/shops/{shop_id}/exports/{export_id}/file",
    dependencies=[auth.shop_staff, auth.scope("exports:read")],
    response_class=Response,
)
async def get_export_file(shop_id: Id, export_id: Id, db: DbDep) -> Response:
    """The file; not found before it is done and after it has expired."""
    found = await export(db, shop_id, export_id)
    path = file_of(found.id, found.format)
    if found.state != "done" or not path.is_file():
        raise ExportMissing(id=str(export_id))
    name = f"kaibo-{found.kind}-{found.created_at:%Y%m%d-%H%M}.{found.format}"
    return FileResponse(path, media_type=MEDIA_TYPES[found.format], filename=name)
