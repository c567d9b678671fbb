"""Avatars of shops, hosts and viewers, and the 3:4 covers of the rooms."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from kaibo.demo.art import backdrops
from kaibo.demo.art.brush import Canvas, Grad, Rgb, darker, ellipse, lighter, moved, rrect
from kaibo.demo.art.bulbs import PURPLE, garlic
from kaibo.demo.art.doors import leaf_picture
from kaibo.demo.art.figure import Pose
from kaibo.demo.art.packs import Print, soft_pack
from kaibo.demo.art.people import HOSTS, draw_person, viewer
from kaibo.demo.art.rooms import ground_shadow

THEMES: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "doors": ((244, 226, 200), (206, 158, 106), (112, 70, 40)),
    "tissue": ((232, 246, 255), (132, 196, 236), (32, 104, 164)),
    "garlic": ((250, 236, 246), (196, 134, 184), (116, 40, 92)),
}
"""Per room: light, middle, dark."""


def avatar(key: str, size: int) -> Image.Image:
    """`shop-<shop>`, `host-<shop>` or `viewer-<n>`; square, full-bleed, to be cropped round by the page."""
    kind, _, rest = key.partition("-")
    c = Canvas(400, 400, size)
    if kind == "viewer" and rest.isdigit():
        tones: tuple[Rgb, ...] = (
            (206, 226, 240),
            (246, 222, 206),
            (216, 234, 208),
            (236, 218, 240),
            (250, 234, 196),
            (224, 226, 232),
        )
        tone = tones[int(rest) % len(tones)]
        c.shape(rrect(0, 0, 400, 400, 0), Grad.of(lighter(tone, 0.4), darker(tone, 0.08)))
        draw_person(c, viewer(int(rest)), Pose(mouth=int(rest) % 2), -40, 0, 0.8)
    elif kind == "host" and rest in THEMES:
        light, middle, _dark = THEMES[rest]
        c.shape(rrect(0, 0, 400, 400, 0), Grad.of(light, middle))
        c.shape(ellipse(200, 230, 176, 176), (255, 255, 255), 0.28)
        draw_person(c, HOSTS[rest], Pose(mouth=1), -40, -12, 0.8)
    elif kind == "shop" and rest in THEMES:
        _emblem(c, rest)
    else:
        raise KeyError(f"no avatar {key!r}: use shop-, host- (one of {', '.join(THEMES)}) or viewer-<number>")
    return c.finished().convert("RGB")


def _emblem(c: Canvas, shop: str) -> None:
    light, middle, dark = THEMES[shop]
    c.shape(rrect(0, 0, 400, 400, 0), Grad.of(lighter(dark, 0.12), darker(dark, 0.28), angle=30))
    c.shape(ellipse(200, 200, 168, 168), Grad.of(light, middle, angle=20))
    c.line(ellipse(200, 200, 180, 180), 4, light, 0.8)
    if shop == "doors":
        art = leaf_picture("door-walnut-four", c.px(108))
        c.shape(moved(rrect(142, 78, 258, 316, 4), 10, 12), (40, 20, 6), 0.4, 10)
        c.shape(rrect(138, 72, 262, 320, 4), darker(dark, 0.35))
        c.shape(rrect(146, 80, 254, 316, 0), art)
    elif shop == "tissue":
        soft_pack(
            c, 92, 200, 176, 100, 84, Print((92, 164, 214), (246, 150, 62), "云柔抽纸", "100抽", "cloud"), tissue=True
        )
    else:
        c.place(garlic("bulb", PURPLE, 1, 230), 200, 194, 250)


def cover(shop_key: str, size: int) -> Image.Image:
    """A room's cover, `size` pixels wide, 3:4: the place, the host and two products. The words are the card's."""
    c = Canvas(900, 1200, size)
    _, middle, dark = THEMES[shop_key]
    scene = backdrops.flattened(shop_key, 900, 1200, size)
    c.image.alpha_composite(scene.resize(c.image.size, Image.Resampling.BICUBIC).convert("RGBA"))
    c.shape(rrect(0, 0, 900, 420, 0), darker(dark, 0.4), 0.16, 120, clip=rrect(0, 0, 900, 1200, 0))
    ground_shadow(c, 450, 1120, 380, 60, 0.3)
    draw_person(c, HOSTS[shop_key], Pose(mouth=2, left=(120, 560), right=(470, 660)), 120, 270, 1.12)
    _goods(c, shop_key)
    c.shape(rrect(0, 980, 900, 1200, 0), Grad.of(darker(dark, 0.2), darker(dark, 0.55)), 0.94)
    c.shape(rrect(0, 974, 900, 982, 0), middle)
    return c.finished().convert("RGB")


def _goods(c: Canvas, shop: str) -> None:
    scenes: dict[str, Callable[[], None]] = {
        "doors": lambda: _door_goods(c),
        "tissue": lambda: _tissue_goods(c),
        "garlic": lambda: _garlic_goods(c),
    }
    scenes[shop]()


def _door_goods(c: Canvas) -> None:
    for x, y, key in ((40, 520, "door-oak-flush"), (700, 500, "door-cherry-arch")):
        box = rrect(x, y, x + 200, y + 440, 2)
        c.shape(moved(box, 14, 12), (30, 14, 4), 0.5, 14)
        c.shape(box, leaf_picture(key, c.px(200) // 2))


def _tissue_goods(c: Canvas) -> None:
    blue = Print((92, 164, 214), (246, 150, 62), "云柔抽纸", "100抽", "cloud")
    rose = Print((232, 138, 152), (96, 142, 196), "亲肤抽纸", "90抽", "petal")
    ground_shadow(c, 730, 966, 170, 26)
    soft_pack(c, 590, 850, 230, 112, 110, rose)
    soft_pack(c, 606, 736, 230, 112, 110, blue, tissue=True)
    ground_shadow(c, 170, 966, 150, 26)
    soft_pack(c, 40, 848, 240, 116, 110, blue)


def _garlic_goods(c: Canvas) -> None:
    for i, (x, y, w) in enumerate(((130, 960, 230), (290, 975, 170), (760, 960, 250), (620, 978, 180))):
        ground_shadow(c, x, y - 4, w * 0.44, w * 0.1, 0.5)
        art = garlic("bulb", PURPLE, i, 190)
        c.place(art, x, y - w * art.height / art.width / 2, w, (-8, 6, 9, -5)[i])
