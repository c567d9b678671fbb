"""Keep an uploaded picture."""

from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from kaibo.goods.contracts import PicturesBusy, PictureView
from kaibo.goods.pictures.lookup import view
from kaibo.goods.pictures.shrink import shrink
from kaibo.goods.pictures.tables import pictures
from kaibo.kernel.blobs import Blobs
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id

# 40 megapixels are 160 MB once decoded
AT_ONCE = 2
WAITING_MAX = 8

_places = asyncio.Semaphore(AT_ONCE)
_inside = 0


async def keep_picture(db: Db, blobs: Blobs, owner_id: UUID, content: bytes) -> PictureView:
    """Check, strip, resize and store; the same upload by the same person is the same picture.

    Raises PictureUnreadable, PictureTooLarge, PictureTooSmall, PicturesBusy.
    """
    global _inside
    source = hashlib.sha256(content).digest()
    same = (pictures.c.owner_id == owner_id) & (pictures.c.source_sha256 == source)
    before = (await db.execute(select(pictures).where(same))).first()
    if before is not None:
        return view(before)
    if _inside >= AT_ONCE + WAITING_MAX:
        raise PicturesBusy(retry_after_seconds=3)
    _inside += 1
    try:
        async with _places:
            shrunk = await asyncio.to_thread(shrink, content)
    finally:
        _inside -= 1
    url = await blobs.put(_name(shrunk.large, ""), shrunk.large)
    thumbnail_url = await blobs.put(_name(shrunk.large, "-small"), shrunk.thumbnail)
    await db.execute(
        insert(pictures)
        .values(
            id=new_id(),
            owner_id=owner_id,
            source_sha256=source,
            url=url,
            thumbnail_url=thumbnail_url,
            width=shrunk.width,
            height=shrunk.height,
        )
        .on_conflict_do_nothing()
    )
    return view((await db.execute(select(pictures).where(same))).one())


def _name(large: bytes, suffix: str) -> str:
    """Named by content, spread over 256 directories."""
    digest = hashlib.sha256(large).hexdigest()
    return f"pictures/{digest[:2]}/{digest}{suffix}.webp"
