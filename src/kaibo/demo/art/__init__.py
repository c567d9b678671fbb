"""Pictures of the demo world, drawn by code. The same key and size give the same pixels."""

from __future__ import annotations

from typing import Final

from PIL import Image

from kaibo.demo.art import doors, garlic, tissue
from kaibo.demo.art.brush import Canvas
from kaibo.demo.art.covers import avatar, cover

PICTURE_PX: Final = 1024
PICTURE_PX_MIN, PICTURE_PX_MAX = 64, 2048
_SCENES = {**doors.SCENES, **tissue.SCENES, **garlic.SCENES}


def product_keys() -> tuple[str, ...]:
    return tuple(_SCENES)


def draw_product(key: str, size: int = PICTURE_PX) -> Image.Image:
    """The square picture of a product, RGB, `size` pixels. KeyError names an unknown key."""
    if key not in _SCENES:
        raise KeyError(f"no picture of {key!r}")
    _check(size)
    canvas = Canvas(1000, 1000, size)
    _SCENES[key](canvas)
    return canvas.finished().convert("RGB")


def draw_avatar(key: str, size: int = 256) -> Image.Image:
    """`shop-doors`, `host-doors` (…tissue, garlic) or `viewer-<n>`; square RGB."""
    _check(size)
    return avatar(key, size)


def draw_cover(shop_key: str, size: int = 768) -> Image.Image:
    """The 3:4 cover of a room, RGB, `size` pixels wide."""
    _check(size)
    return cover(shop_key, size)


def _check(size: int) -> None:
    if not PICTURE_PX_MIN <= size <= PICTURE_PX_MAX:
        raise ValueError(f"a picture is {PICTURE_PX_MIN} to {PICTURE_PX_MAX} pixels wide, not {size}")


__all__ = ["PICTURE_PX", "draw_avatar", "draw_cover", "draw_product", "product_keys"]
