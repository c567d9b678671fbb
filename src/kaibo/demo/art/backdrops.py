"""The three places: a door workshop, a tissue mill, a garlic field under the hills. Flat, layered, without people.

Each can be had as one picture (for a cover) or as layers from far to near (for parallax in a film).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from kaibo.demo.art.brush import Canvas, Grad, Rgb, ellipse, lighter, mix, moved, rrect, smooth
from kaibo.demo.art.bulbs import PURPLE, garlic
from kaibo.demo.art.doors import LEAVES, leaf_picture
from kaibo.demo.art.texture import OAK, PINE, wood


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture and how fast it moves with the camera: 0 stands still, 1 is the plane of the host."""

    image: Image.Image
    depth: float


Painter = Callable[[Canvas, float, float], None]


def layers(shop: str, width: float, height: float, size_px: int) -> list[Layer]:
    """From far to near; each is `width` × `height` units, `size_px` pixels wide; the far one is opaque."""
    out = []
    for painter, depth in PAINTERS[shop]:
        c = Canvas(width, height, size_px)
        painter(c, width, height)
        out.append(Layer(c.finished(), depth))
    return out


def flattened(shop: str, width: float, height: float, size_px: int) -> Image.Image:
    base: Image.Image | None = None
    for layer in layers(shop, width, height, size_px):
        if base is None:
            base = layer.image.copy()
        else:
            base.alpha_composite(layer.image)
    assert base is not None
    return base


def _workshop_wall(c: Canvas, w: float, h: float) -> None:
    c.shape(rrect(0, 0, w, h, 0), Grad.of((238, 222, 196), (222, 198, 164), (196, 164, 124)))
    for x in range(-40, int(w) + 80, 300):
        pane = rrect(x + 60, h * 0.06, x + 250, h * 0.34, 6)
        c.shape(moved(pane, 0, 6), (120, 84, 48), 0.35, 5)
        c.shape(rrect(x + 48, h * 0.05, x + 262, h * 0.35, 8), (150, 110, 72))
        c.shape(pane, Grad.of((206, 232, 244), (250, 248, 230)))
        c.shape(ellipse(x + 110, h * 0.33, 70, 60), (142, 182, 128), 0.75, clip=pane)
        c.shape(ellipse(x + 200, h * 0.34, 90, 50), (118, 164, 112), 0.75, clip=pane)
        c.line([(x + 155, h * 0.06), (x + 155, h * 0.34)], 8, (150, 110, 72))
        c.line([(x + 60, h * 0.19), (x + 250, h * 0.19)], 8, (150, 110, 72))
    c.shape(rrect(0, h * 0.62, w, h, 0), Grad.of((186, 150, 110), (140, 104, 70)))
    c.shape(rrect(0, h * 0.62, w, h * 0.63, 0), (120, 84, 52), 0.7)
    c.glow(w * 0.3, h * 0.2, w * 0.5, h * 0.3, (255, 250, 226), 0.5)


def _workshop_racks(c: Canvas, w: float, h: float) -> None:
    keys = [k for k in LEAVES if k != "door-pine-barn"]
    x, i = 16.0, 0
    while x < w:
        leaf = leaf_picture(keys[i % len(keys)], 150)
        width = 128.0
        box = rrect(x, h * 0.385, x + width, h * 0.385 + width * 2.2, 2)
        c.shape(moved(box, 12, 10), (70, 40, 14), 0.4, 9)
        c.shape(box, leaf)
        c.shape(box, (226, 194, 150), 0.16)
        x += width + 34
        i += 1
    c.shape(rrect(0, h * 0.385 + 282, w, h * 0.385 + 300, 3), Grad.of((150, 106, 64), (106, 70, 40)))
    for k in range(5):
        x = 60 + k * 200
        c.line([(x, 0), (x, h * 0.035)], 3, (90, 70, 54))
        c.shape([(x - 40, h * 0.06), (x + 40, h * 0.06), (x + 16, h * 0.034), (x - 16, h * 0.034)], (84, 92, 96))
        c.glow(x, h * 0.075, 110, 90, (255, 240, 190), 0.75)


def _workshop_bench(c: Canvas, w: float, h: float) -> None:
    y = h * 0.64
    c.shape(rrect(0, y, w, y + 40, 0), wood(5, c.px(40), c.px(w), OAK, 0.0).transpose(Image.Transpose.ROTATE_90))
    c.shape(rrect(0, y, w, y + 6, 0), (255, 246, 220), 0.5)
    c.shape(rrect(0, y + 40, w, h, 0), wood(9, c.px(w) // 2, c.px(h - y) // 2, PINE, 0.9))
    c.shape(rrect(0, y + 40, w, h, 0), Grad.of((40, 20, 6), (24, 12, 4)), 0.42)
    c.shape(rrect(0, y + 36, w, y + 70, 0), (0, 0, 0), 0.4, 14, clip=rrect(0, y + 40, w, h, 0))
    plane = rrect(60, y - 46, 210, y, 10)
    c.shape(moved(ellipse(135, y + 2, 84, 9), 4, 0), (40, 20, 0), 0.4, 6)
    c.shape(plane, Grad.of((206, 150, 92), (150, 98, 54)))
    c.shape(rrect(112, y - 78, 132, y - 30, 5), Grad.of((210, 214, 218), (140, 146, 152), angle=90))
    c.shape(ellipse(178, y - 56, 19, 20), (150, 92, 48))
    for i, x in enumerate((250, 282, 320, 300)):
        c.line(
            ellipse(x, y - 12 - (i % 2) * 8, 18 - 2 * i, 12, 20 * i, 320 + 10 * i),
            [3, 8, 2],
            lighter((232, 196, 140), 0.15 * (i % 2)),
        )
    for i, left in enumerate((w - 190, w - 150, w - 110)):
        x = round(left)
        c.shape(rrect(x, y - 96 + 14 * i, x + 9, y - 26, 3), Grad.of((216, 220, 224), (150, 156, 162), angle=90))
        c.shape(rrect(x - 6, y - 40, x + 15, y + 2, 6), ((196, 72, 56), (220, 160, 60), (70, 120, 160))[i])


def _mill_wall(c: Canvas, w: float, h: float) -> None:
    c.shape(rrect(0, 0, w, h, 0), Grad.of((226, 242, 252), (206, 230, 246), (176, 206, 226)))
    for x in range(-60, int(w) + 120, 150):
        c.line([(x, 0), (x, h * 0.62)], 3, (190, 216, 234), 0.8)
    for k in range(4):
        x = 40 + k * 270
        c.shape(rrect(x, h * 0.03, x + 200, h * 0.045, 6), (255, 255, 255))
        c.glow(x + 100, h * 0.05, 180, 120, (255, 255, 255), 0.8)
    for k in range(3):
        x = 30 + k * 380
        c.shape(rrect(x, h * 0.12, x + 300, h * 0.30, 12), Grad.of((170, 210, 236), (216, 238, 250)))
        c.shape(
            [(x + 30, h * 0.30), (x + 120, h * 0.12), (x + 170, h * 0.12), (x + 80, h * 0.30)], (255, 255, 255), 0.4
        )
    c.shape(rrect(0, h * 0.62, w, h, 0), Grad.of((166, 192, 208), (120, 150, 170)))


def _mill_machine(c: Canvas, w: float, h: float) -> None:
    """Parent rolls on their stands, a web of paper running over rollers, packs on a belt."""
    base = h * 0.62
    for x, r in ((120.0, 120.0), (w - 140.0, 110.0)):
        cy = base - r - 40
        c.shape(rrect(x - 20, cy, x + 20, base, 4), Grad.of((96, 132, 160), (66, 98, 124), angle=90))
        c.shape(rrect(x - r * 0.8, base - 18, x + r * 0.8, base, 6), (60, 92, 118))
        c.shape(moved(ellipse(x, cy, r, r), 10, 12), (40, 80, 110), 0.3, 12)
        c.shape(ellipse(x, cy, r, r), Grad.of((255, 255, 255), (216, 224, 232), angle=40))
        for i in range(7):
            c.line(ellipse(x, cy, r * (0.35 + i * 0.09), r * (0.35 + i * 0.09)), 1.6, (170, 184, 198), 0.7)
        c.shape(ellipse(x, cy, r * 0.24, r * 0.24), Grad.of((196, 160, 110), (140, 106, 66)))
    web = smooth(
        [(120, base - 276), (260, base - 310), (400, base - 250), (560, base - 310), (w - 140, base - 256)],
        closed=False,
    )
    c.line(moved(web, 0, 10), 9, (60, 100, 130), 0.18)
    c.line(web, 9, (255, 255, 255))
    for x, y in ((262, base - 292), (400, base - 262), (560, base - 292)):
        c.shape(ellipse(x, y, 20, 20), Grad.of((210, 220, 228), (120, 140, 156), angle=40))
        c.line([(x, y), (x, base)], 9, (110, 144, 168))
    c.shape(rrect(0, base - 34, w, base - 6, 12), Grad.of((90, 116, 136), (58, 82, 100)))
    tones: tuple[Rgb, ...] = ((92, 164, 214), (232, 138, 152), (142, 186, 140), (150, 134, 206))
    for k in range(int(w / 130)):
        x = 40 + k * 130
        c.shape(rrect(x, base - 82, x + 92, base - 34, 8), Grad.of(lighter(tones[k % 4], 0.35), tones[k % 4]))
        c.shape(rrect(x + 8, base - 76, x + 84, base - 70, 3), (255, 255, 255), 0.6)


def _mill_table(c: Canvas, w: float, h: float) -> None:
    y = h * 0.64
    c.shape(rrect(0, y, w, y + 34, 0), Grad.of((255, 255, 255), (226, 236, 242)))
    c.shape(rrect(0, y + 34, w, h, 0), Grad.of((70, 138, 186), (30, 78, 122)))
    c.shape(rrect(0, y + 30, w, y + 60, 0), (0, 30, 60), 0.4, 14, clip=rrect(0, y + 34, w, h, 0))
    for x in range(0, int(w), 180):
        c.line([(x, y + 34), (x, h)], 3, (20, 60, 100), 0.4)
    for cx, cy, r in ((w * 0.5, y + 190, 120), (w * 0.38, y + 240, 84), (w * 0.63, y + 236, 92)):
        c.shape(ellipse(cx, cy, r * 1.2, r * 0.8), (255, 255, 255), 0.10)


def _field_sky(c: Canvas, w: float, h: float) -> None:
    c.shape(rrect(0, 0, w, h, 0), Grad.of((120, 190, 232), (198, 228, 242), (252, 240, 214), (214, 224, 176)))
    c.glow(w * 0.76, h * 0.16, 230, 230, (255, 244, 200), 1.0)
    c.shape(ellipse(w * 0.76, h * 0.16, 54, 54), (255, 248, 220))
    for cx, cy, s in ((0.20, 0.10, 1.0), (0.55, 0.06, 0.7), (0.92, 0.24, 0.6), (0.05, 0.26, 0.6)):
        for dx, dy, r in ((-60, 8, 42), (0, -10, 58), (62, 6, 46), (24, 14, 50)):
            c.shape(ellipse(w * cx + dx * s, h * cy + dy * s, r * s * 1.25, r * s * 0.7), (255, 255, 255), 0.82)


def _field_hills(c: Canvas, w: float, h: float) -> None:
    rnd = random.Random(12)
    for base, tall, tone in (
        (0.42, 0.20, (134, 172, 196)),
        (0.46, 0.14, (112, 160, 160)),
        (0.50, 0.09, (112, 160, 112)),
    ):
        pts = [(x, h * (_ridge(x / w, base, tall) - rnd.uniform(0, 0.012))) for x in range(-20, int(w) + 60, 40)]
        c.shape(
            [*smooth(pts, closed=False, steps=5), (w + 40, h), (-40, h)],
            Grad.of(lighter(tone, 0.25), tone, lighter(tone, 0.35)),
        )
        if base == 0.42:
            _pagoda(c, w * 0.30, h * _ridge(0.30, base, tall) + 8)


def _ridge(across: float, base: float, tall: float) -> float:
    return base - tall * (0.35 + 0.65 * abs(math.sin(across * 4.1 + base * 19)))


def _pagoda(c: Canvas, x: float, y: float) -> None:
    """The white tower that stands on the ridge."""
    c.shape([(x - 17, y), (x + 17, y), (x + 12, y - 70), (x, y - 94), (x - 12, y - 70)], (244, 240, 230), 0.95)
    for i in range(5):
        c.line([(x - 21 + i, y - 8 - i * 13), (x + 21 - i, y - 8 - i * 13)], 3, (150, 120, 104), 0.8)


def _field_rows(c: Canvas, w: float, h: float) -> None:
    top = h * 0.485
    c.shape(rrect(0, top, w, h, 0), Grad.of((158, 176, 92), (120, 132, 70), (106, 84, 56)))
    vanish = w * 0.5
    for i in range(-9, 10):
        x = vanish + i * 120
        c.shape(
            [(vanish + i * 30 - 6, top), (vanish + i * 30 + 6, top), (x + 46, h * 0.66), (x - 46, h * 0.66)],
            (136, 104, 72),
            0.75,
        )
    rnd = random.Random(3)
    for row in range(6):
        t = row / 5
        y = top + (h * 0.655 - top) * (0.08 + 0.92 * t)
        for i in range(-10, 11):
            x = vanish + i * (34 + 92 * t) + (17 + 46 * t)
            s = 0.35 + 1.05 * t
            for k in range(5):
                lean = (k - 2) * 15 * s + rnd.uniform(-4, 4)
                tone = mix((110, 160, 80), (74, 124, 66), rnd.random())
                c.line(
                    smooth([(x, y), (x + lean * 0.4, y - 28 * s), (x + lean, y - 48 * s)], closed=False, steps=4),
                    [6 * s, 5 * s, 1],
                    tone,
                )


def _field_table(c: Canvas, w: float, h: float) -> None:
    y = h * 0.64
    c.shape(rrect(0, y, w, y + 36, 0), wood(15, c.px(36), c.px(w), PINE, 0.0).transpose(Image.Transpose.ROTATE_90))
    c.shape(rrect(0, y, w, y + 6, 0), (255, 250, 230), 0.55)
    c.shape(rrect(0, y + 36, w, h, 0), Grad.of((132, 56, 104), (72, 26, 60)))
    for i in range(int(w / 60) + 2):
        for row in range(5):
            x, yy = i * 60 + (row % 2) * 30, y + 110 + row * 90
            c.shape([(x, yy - 20), (x + 16, yy), (x, yy + 20), (x - 16, yy)], (226, 160, 190), 0.16)
    c.shape(rrect(0, y + 52, w, y + 62, 0), (240, 190, 100), 0.9)
    c.shape(rrect(0, y + 70, w, y + 74, 0), (250, 226, 236), 0.8)
    c.shape(rrect(0, y + 34, w, y + 56, 0), (0, 0, 0), 0.35, 9, clip=rrect(0, y + 36, w, h, 0))
    for i, (spot, size) in enumerate(((70.0, 130), (168.0, 108), (w - 84, 134), (w - 186, 104))):
        x = round(spot)
        art = garlic("bulb", PURPLE, i, 170)
        c.shape(ellipse(x, y + 4, size * 0.45, 9), (50, 20, 0), 0.4, 5)
        c.place(art, x, y + 6 - size * art.height / art.width / 2, size, (-6, 8, 7, -9)[i])


PAINTERS: dict[str, tuple[tuple[Painter, float], ...]] = {
    "doors": ((_workshop_wall, 0.35), (_workshop_racks, 0.7), (_workshop_bench, 1.0)),
    "tissue": ((_mill_wall, 0.35), (_mill_machine, 0.7), (_mill_table, 1.0)),
    "garlic": ((_field_sky, 0.15), (_field_hills, 0.35), (_field_rows, 0.75), (_field_table, 1.0)),
}
