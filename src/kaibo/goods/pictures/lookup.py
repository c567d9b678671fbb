"""Reads of pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kaibo.goods.contracts import PictureId, PictureMissing, PictureView
from kaibo.goods.pictures.tables import pictures
from kaibo.kernel.db import Db


def view(row: Any) -> PictureView:
    return PictureView(PictureId(row.id), row.url, row.thumbnail_url, row.width, row.height)


async def picture_view(db: Db, picture_ids: Iterable[UUID]) -> dict[PictureId, PictureView]:
    """The pictures that exist among `picture_ids`."""
    rows = await db.execute(select(pictures).where(pictures.c.id.in_(set(picture_ids))))
    return {PictureId(row.id): view(row) for row in rows}


async def picture_urls(db: Db, picture_ids: list[UUID]) -> dict[UUID, str]:
    return {key: found.url for key, found in (await picture_view(db, picture_ids)).items()}


async def require_picture(db: Db, picture_id: UUID, owner_id: UUID) -> PictureView:
    """A picture this person uploaded. Raises PictureMissing."""
    mine = select(pictures).where(pictures.c.id == picture_id, pictures.c.owner_id == owner_id)
    row = (await db.execute(mine)).first()
    if row is None:
        raise PictureMissing(id=str(picture_id))
    return view(row)
