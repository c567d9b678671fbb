"""What garlic comes in and lies beside: bulbs on a table, nets, baskets, bowls, jars, leaves and pots."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from kaibo.demo.art.brush import Canvas, Grad, Point, Rgb, darker, ellipse, lighter, moved, rrect, smooth
from kaibo.demo.art.bulbs import Skin, garlic
from kaibo.demo.art.rooms import ground_shadow
from kaibo.demo.art.texture import speckle

SPRITE_PX, THUMB_SPRITE_PX = 190, 70
LARGE_PX = 200


def put(
    c: Canvas,
    shape: str,
    skin: Skin,
    seed: int,
    cx: float,
    base: float,
    width: float,
    turn: float = 0.0,
    shadow: float = 0.5,
) -> None:
    """Stand one bulb or clove on the table."""
    art = garlic(shape, skin, seed % 4, SPRITE_PX if c.size_px >= LARGE_PX else THUMB_SPRITE_PX)
    height = width * art.height / art.width
    if shadow:
        ground_shadow(c, cx + width * 0.05, base - width * 0.02, width * 0.42, width * 0.10, shadow)
    lean = abs(math.sin(math.radians(turn)))
    c.place(art, cx, base - height / 2 * (1 - 0.35 * lean), width, turn)


def heap(
    c: Canvas,
    shape: str,
    skins: tuple[Skin, ...],
    rows: tuple[tuple[float, float, int, float], ...],
    width: float,
    seed: int,
    lean: float = 16,
) -> None:
    """Rows of bulbs from back to front: (left x, base y, how many, spacing)."""
    rnd = random.Random(seed)
    for x, base, count, gap in rows:
        for i in range(count):
            w = width * rnd.uniform(0.92, 1.08)
            put(
                c,
                shape,
                rnd.choice(skins),
                rnd.randrange(99),
                x + i * gap + rnd.uniform(-8, 8),
                base + rnd.uniform(-6, 6),
                w,
                rnd.uniform(-lean, lean),
                0.4,
            )


def net(c: Canvas, outline: list[Point]) -> None:
    """A knitted mesh over the outline: two families of curved threads."""
    thread = (196, 62, 128)
    layer = Canvas(c.width, c.height, c.size_px)
    for i in range(-4, 30):
        for way in (1, -1):
            x0 = 40 + i * 36 if way > 0 else 960 - i * 36
            pts = smooth([(x0, 130), (x0 + way * 70, 420), (x0 + way * 60, 640), (x0 + way * 200, 900)], closed=False)
            layer.line(pts, 3.2, thread, 0.85)
    layer.cut(outline)
    c.place(layer.finished(), c.width / 2, c.height / 2, c.width)
    c.line([*outline, outline[0]], 4, darker(thread, 0.2), 0.7)


def tag(c: Canvas, x: float, y: float, title: str, place: str) -> None:
    """A kraft paper tag on a string."""
    c.line(smooth([(450, 250), (510, 236), (x + 30, y + 20)], closed=False), 3, (120, 90, 60))
    label = Canvas(200, 120, c.px(200) // 2)
    label.shape(
        [(0, 24), (26, 0), (200, 0), (200, 120), (26, 120), (0, 96)],
        speckle(3, (200, 120), (226, 196, 150), (170, 130, 84)),
    )
    label.shape(ellipse(26, 60, 8, 8), (90, 60, 40))
    label.text(116, 44, title, 36, (96, 30, 70), "mm", 0.03)
    label.text(116, 88, place, 22, (96, 66, 40))
    c.shape(moved(turned_card(x, y), 8, 12), (30, 14, 20), 0.35, 9)
    c.place(label.finished(), x + 110, y + 62, 200, 9)


def turned_card(x: float, y: float) -> list[Point]:
    return [(x + 20, y - 12), (x + 214, y + 18), (x + 196, y + 136), (x + 2, y + 106)]


def basket(c: Canvas, cx: float, y: float, rx: float, depth: float, fill: Callable[[], None]) -> None:
    """A woven bamboo basket; `fill` puts things in it between the back rim and the front wall."""
    ry = rx * 0.26
    ground_shadow(c, cx, y + depth, rx * 0.95, 44, 0.6)
    c.shape(ellipse(cx, y, rx, ry), Grad.of((120, 84, 46), (176, 132, 82)))
    fill()
    wall = [*ellipse(cx, y, rx, ry, 180, 0)[::1], *ellipse(cx, y + depth, rx * 0.80, ry * 0.8, 0, 180)]
    c.shape(wall, Grad.of((150, 104, 56), (222, 178, 118), (208, 160, 100), (128, 86, 46), angle=90))
    rows, cols = 7, 30
    for r in range(rows):
        for k in range(cols):
            a0, a1 = math.pi - math.pi * k / cols, math.pi - math.pi * (k + 0.92) / cols
            t0, t1 = r / rows, (r + 0.9) / rows
            if (r + k) % 2:
                continue
            quad = [_on_wall(cx, y, rx, ry, depth, a, t) for a, t in ((a0, t0), (a1, t0), (a1, t1), (a0, t1))]
            c.shape(quad, (255, 232, 184), 0.42)
            c.line([quad[2], quad[3]], 2, (70, 40, 10), 0.4)
    rim = [*ellipse(cx, y + 4, rx + 6, ry + 4, 180, 0)]
    c.line(rim, 22, Grad.of((170, 122, 70), (240, 204, 150), (160, 112, 62), angle=90))
    c.line(moved(rim, 0, -5), 4, (255, 240, 210), 0.7)


def _on_wall(cx: float, y: float, rx: float, ry: float, depth: float, a: float, t: float) -> Point:
    shrink = 1 - 0.20 * t
    return (cx + rx * shrink * math.cos(a), y + depth * t + ry * shrink * math.sin(a))


def halved(c: Canvas, x: float, y: float, w: float) -> None:
    """A solo bulb cut across: ivory flesh in a purple ring."""
    ground_shadow(c, x, y, w * 0.5, w * 0.12, 0.5)
    c.shape(ellipse(x, y - w * 0.34, w * 0.5, w * 0.42), Grad.of((206, 130, 176), (120, 44, 92), angle=30))
    c.shape(ellipse(x, y - w * 0.37, w * 0.465, w * 0.385), (250, 236, 238))
    c.shape(ellipse(x, y - w * 0.37, w * 0.445, w * 0.365), Grad.of((255, 252, 236), (240, 226, 190), angle=25))
    c.shape(ellipse(x, y - w * 0.37, w * 0.12, w * 0.09), (226, 224, 160), 0.6, 4)
    c.shape(ellipse(x - w * 0.14, y - w * 0.50, w * 0.16, w * 0.07), (255, 255, 255), 0.8, 5)


def stalk(c: Canvas, x: float, y: float, turn: float, seed: int) -> None:
    """Green leaves running off to the left from a bulb that lies down."""
    rnd = random.Random(seed + 5)
    neck = smooth([(x + 60, y + 16), (x - 10, y + 10), (x - 130, y + 16)], closed=False)
    c.line(neck, [50, 46, 34], Grad.of((236, 244, 214), (176, 208, 140), angle=90))
    for i in range(5):
        dy = (i - 2) * 36 + rnd.uniform(-16, 16) + (turn + 66) * 3
        tone = ((96, 148, 66), (122, 172, 82), (84, 132, 70))[i % 3]
        path = smooth(
            [
                (x + 30, y + 10),
                (x - 120, y + 14 + dy * 0.3),
                (x - 330, y + 30 + dy),
                (x - 520 - 30 * i, y + 60 + dy * 1.5),
            ],
            closed=False,
        )
        c.line(moved(path, 6, 12), [30, 36, 26, 3], (40, 40, 10), 0.20, 6)
        c.line(path, [30, 38, 28, 3], Grad.of(lighter(tone, 0.3), tone, angle=90))
        c.line(path, [2, 3, 2, 1], lighter(tone, 0.5), 0.8)


def roots(c: Canvas, x: float, y: float) -> None:
    rnd = random.Random(round(x + y))
    for _ in range(16):
        a = rnd.uniform(-0.7, 0.9)
        n = rnd.uniform(30, 62)
        end = (x + n * math.cos(a), y + n * math.sin(a) + 8)
        c.line(
            smooth([(x - 14, y + rnd.uniform(-10, 10)), ((x + end[0]) / 2, end[1] - 6), end], closed=False),
            [2.4, 1],
            (196, 170, 130),
        )


def jar(
    c: Canvas,
    cx: float,
    base: float,
    w: float,
    h: float,
    fill: Callable[[Canvas], None],
    lid: Rgb,
    label: tuple[str, str],
    paper: Rgb,
) -> None:
    """A glass jar with a screw lid and a paper label; `fill` paints the contents in a 400 × 500 canvas."""
    x0, y0, x1 = cx - w / 2, base - h, cx + w / 2
    ground_shadow(c, cx, base - 6, w * 0.56, 34, 0.6)
    body = smooth(
        [
            (x0 + w * 0.10, y0 + h * 0.10),
            (x1 - w * 0.10, y0 + h * 0.10),
            (x1 - 2, y0 + h * 0.24),
            (x1, y0 + h * 0.6),
            (x1 - 4, base - h * 0.06),
            (x1 - w * 0.12, base),
            (x0 + w * 0.12, base),
            (x0 + 4, base - h * 0.06),
            (x0, y0 + h * 0.6),
            (x0 + 2, y0 + h * 0.24),
        ],
        steps=8,
    )
    c.shape(body, (226, 236, 236), 0.7)
    inner = Canvas(400, 400 * h / w, c.px(w))
    fill(inner)
    c.shape(body, inner.finished().convert("RGB"), 0.96)
    c.shape(rrect(x0, y0, x0 + w * 0.12, base, 0), (0, 0, 0), 0.30, w * 0.05, clip=body)
    c.shape(rrect(x1 - w * 0.14, y0, x1, base, 0), (0, 0, 0), 0.38, w * 0.05, clip=body)
    c.shape(rrect(x0, base - h * 0.07, x1, base, 0), (0, 0, 0), 0.35, 12, clip=body)
    _label(c, cx, y0 + h * 0.40, w, h * 0.38, label, paper)
    c.shape(rrect(x0 + w * 0.14, y0 + h * 0.16, x0 + w * 0.21, base - h * 0.10, 8), (255, 255, 255), 0.55, 4, clip=body)
    c.shape(rrect(x1 - w * 0.13, y0 + h * 0.18, x1 - w * 0.10, base - h * 0.2, 4), (255, 255, 255), 0.4, 3, clip=body)
    cap = rrect(cx - w * 0.43, y0 - h * 0.05, cx + w * 0.43, y0 + h * 0.12, 14)
    c.shape(moved(cap, 0, 8), (0, 0, 0), 0.35, 7, clip=body)
    c.shape(cap, Grad.of(darker(lid, 0.35), lighter(lid, 0.35), lid, darker(lid, 0.4), angle=90))
    for i in range(30):
        x = cx - w * 0.42 + i * w * 0.84 / 29
        c.line([(x, y0 - h * 0.03), (x, y0 + h * 0.105)], 1.5, (0, 0, 0), 0.16)
    c.shape(ellipse(cx, y0 - h * 0.045, w * 0.425, h * 0.022), lighter(lid, 0.3))


def _label(c: Canvas, cx: float, y: float, w: float, h: float, words: tuple[str, str], paper: Rgb) -> None:
    """A paper label that follows the round glass."""
    band = [*ellipse(cx, y, w / 2, h * 0.05, 180, 0), *ellipse(cx, y + h, w / 2, h * 0.05, 0, 180)]
    c.shape(band, Grad.of(darker(paper, 0.32), paper, lighter(paper, 0.2), darker(paper, 0.36), angle=90))
    ink: Rgb = (84, 30, 62) if sum(paper) > 400 else (248, 232, 206)
    for yy in (0.08, 0.92):
        c.line([(cx - w * 0.36, y + h * yy), (cx + w * 0.36, y + h * yy)], 2, ink, 0.6)
    c.text(cx, y + h * 0.40, words[0], w * 0.19, ink, "mm", 0.03)
    c.text(cx, y + h * 0.72, words[1], w * 0.075, ink)


def chilli(c: Canvas, x: float, y: float, lean: float) -> None:
    path = smooth([(x - 60, y - 30 * lean), (x, y + 12), (x + 70, y + 16 + 30 * lean), (x + 120, y - 10)], closed=False)
    c.line(moved(path, 6, 10), [20, 32, 24, 2], (60, 10, 0), 0.35, 6)
    c.line(path, [20, 32, 24, 2], Grad.of((236, 70, 50), (176, 26, 24)))
    c.line(moved(path[:26], 0, -7), [2, 5, 2], (255, 190, 170), 0.8)
    c.line([(x - 60, y - 30 * lean), (x - 92, y - 16 - 30 * lean)], [12, 6], (92, 132, 60))


def sprout(c: Canvas, x: float, y: float) -> None:
    """A seedling in a small clay pot."""
    ground_shadow(c, x, y, 86, 20, 0.5)
    for dx, tall, bend in ((-30, 190, -46), (0, 250, 14), (28, 206, 58)):
        path = smooth(
            [(x + dx * 0.4, y - 110), (x + dx, y - 110 - tall * 0.5), (x + dx + bend, y - 110 - tall)], closed=False
        )
        c.line(path, [14, 20, 2], Grad.of((150, 196, 100), (88, 144, 66)))
    pot = [(x - 78, y - 118), (x + 78, y - 118), (x + 58, y), (x - 58, y)]
    c.shape(pot, Grad.of((216, 138, 92), (232, 160, 112), (146, 80, 48), angle=90))
    c.shape(
        rrect(x - 86, y - 132, x + 86, y - 100, 6), Grad.of((226, 150, 104), (240, 176, 130), (156, 88, 54), angle=90)
    )
    c.shape(ellipse(x, y - 130, 76, 10), (70, 46, 34))


def bowl(c: Canvas, cx: float, y: float, rx: float, depth: float, fill: Callable[[], None]) -> None:
    """A blue-rimmed porcelain bowl."""
    ry = rx * 0.24
    ground_shadow(c, cx, y + depth + 8, rx * 0.62, 36, 0.6)
    c.shape(ellipse(cx, y, rx, ry), Grad.of((214, 218, 224), (246, 247, 248)))
    fill()
    wall = [
        *ellipse(cx, y, rx, ry, 180, 0),
        *smooth(
            [
                (cx + rx, y),
                (cx + rx * 0.80, y + depth * 0.62),
                (cx + rx * 0.42, y + depth),
                (cx - rx * 0.42, y + depth),
                (cx - rx * 0.80, y + depth * 0.62),
                (cx - rx, y),
            ],
            closed=False,
        ),
    ]
    c.shape(wall, Grad.of((206, 212, 222), (255, 255, 255), (240, 242, 246), (178, 186, 200), angle=90))
    c.line(ellipse(cx, y + 16, rx * 0.985, ry, 180, 0), 9, (62, 96, 156))
    c.line(ellipse(cx, y + 34, rx * 0.965, ry, 180, 0), 3, (62, 96, 156))
    c.line(ellipse(cx, y, rx, ry, 180, 0), 6, (255, 255, 255))
    c.shape(
        rrect(cx - rx * 0.36, y + depth - 4, cx + rx * 0.36, y + depth + 20, 8),
        Grad.of((190, 196, 208), (250, 250, 252), (160, 168, 184), angle=90),
    )
