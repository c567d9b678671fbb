"""Upload a picture."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, UploadFile

from kaibo.goods.contracts import FileTooLarge
from kaibo.goods.pictures.keep import keep_picture
from kaibo.goods.wire import PictureWire
from kaibo.kernel.web import CallerDep, DbDep, StateDep, auth, limited

router = APIRouter()


@router.post("/api/pictures", dependencies=[auth.signed_in, auth.scope("products:write"), limited("60/minute")])
async def upload_picture(
    file: Annotated[UploadFile, File()], db: DbDep, caller: CallerDep, state: StateDep
) -> PictureWire:
    """JPEG, PNG or WebP by content; answered as WebP without EXIF. The same file again is the same picture, so no key is needed."""
    bytes_max = state.settings.upload_bytes_max
    content = await file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise FileTooLarge(bytes_max=bytes_max)
    return PictureWire.of(await keep_picture(db, state.blobs, caller.id, content))
