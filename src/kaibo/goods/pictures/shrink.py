"""Turn an upload into two WebP pictures without anything the uploader did not mean to show. Pure, slow, memory-hungry.

The header alone decides the format (by content) and the number of pixels; only then is anything decoded, so that a small
file that unfolds into gigabytes is refused for the price of its header.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageOps

from kaibo.goods.contracts import PictureTooLarge, PictureTooSmall, PictureUnreadable

MEGAPIXELS_MAX = 40
SIDE_PIXELS_MIN = 16
LARGE_PIXELS = 1600
THUMBNAIL_PIXELS = 400
WEBP_QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP")

# what Pillow's decoders raise on damaged files
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, OverflowError, struct.error)


@dataclass(frozen=True)
class Shrunk:
    """Two WebP files; width and height in pixels are those of the large one."""

    large: bytes
    thumbnail: bytes
    width: int
    height: int


def shrink(content: bytes) -> Shrunk:
    """Raises PictureUnreadable, PictureTooLarge, PictureTooSmall."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_size(*picture.size)
            picture.verify()
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_size(*picture.size)
            picture.draft("RGB", (LARGE_PIXELS, LARGE_PIXELS))
            return _shrunk(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise PictureTooLarge(megapixels_max=MEGAPIXELS_MAX) from bomb
    except _DAMAGED as wrong:
        raise PictureUnreadable() from wrong


def _check_size(width: int, height: int) -> None:
    if width * height > MEGAPIXELS_MAX * 1_000_000:
        raise PictureTooLarge(megapixels_max=MEGAPIXELS_MAX)
    if min(width, height) < SIDE_PIXELS_MIN:
        raise PictureTooSmall(side_pixels_min=SIDE_PIXELS_MIN)


def _shrunk(picture: Image.Image) -> Shrunk:
    upright = ImageOps.exif_transpose(picture)
    clear = "A" in upright.getbands() or "transparency" in upright.info
    plain = upright.convert("RGBA" if clear else "RGB")
    plain.thumbnail((LARGE_PIXELS, LARGE_PIXELS), Image.Resampling.LANCZOS)
    small = plain.copy()
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.LANCZOS)
    return Shrunk(_webp(plain), _webp(small), plain.width, plain.height)


def _webp(picture: Image.Image) -> bytes:
    """Pixels only: a fresh image carries neither EXIF nor ICC profile nor XMP."""
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    out = io.BytesIO()
    bare.save(out, "WEBP", quality=WEBP_QUALITY, method=4)
    return out.getvalue()
