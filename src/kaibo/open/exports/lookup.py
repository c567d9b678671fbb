"""Reads of exports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel import config
from kaibo.kernel.db import Db
from kaibo.kernel.errors import NotFound, refusal
from kaibo.kernel.sheets.write import Format
from kaibo.open.exports.tables import exports

ExportState = Literal["waiting", "running", "done", "failed", "expired"]


@refusal
class ExportMissing(NotFound):
    code = "open.export_missing"
    id: str


@dataclass(frozen=True)
class Export:
    id: UUID
    kind: Literal["orders", "products"]
    format: Format
    state: ExportState
    rows_done: int
    rows_total: int
    file_bytes: int | None
    created_at: datetime
    done_at: datetime | None
    expires_at: datetime | None


async def exports_of(db: Db, shop_id: UUID, *, before: UUID | None, limit: int) -> list[Export]:
    """Newest first."""
    query = select(exports).where(exports.c.shop_id == shop_id).order_by(exports.c.id.desc()).limit(limit)
    return [_view(row) for row in await db.execute(query.where(exports.c.id < before) if before else query)]


async def export(db: Db, shop_id: UUID, export_id: UUID) -> Export:
    """Raises ExportMissing."""
    mine = (exports.c.id == export_id) & (exports.c.shop_id == shop_id)
    row = (await db.execute(select(exports).where(mine))).first()
    if row is None:
        raise ExportMissing(id=str(export_id))
    return _view(row)


def _view(row: Any) -> Export:
    return Export(**{name: getattr(row, name) for name in Export.__dataclass_fields__})


def file_of(export_id: UUID, format: str) -> Path:
    """Where the file lies: not among the blobs, which everybody may fetch."""
    directory = config.current().data_dir / "exports"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory / f"{export_id}.{format}"
