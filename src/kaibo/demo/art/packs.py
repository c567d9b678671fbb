"""Things made of paper and film: printed packs, cartons, rolls. Every one is drawn in a shallow oblique view."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image

from kaibo.demo.art.brush import Canvas, Grad, Point, Rgb, darker, ellipse, lighter, mix, moved, rrect, smooth, tint
from kaibo.demo.art.texture import noise, speckle

BRAND = "满云"
PAPER: Rgb = (252, 251, 248)


@dataclass(frozen=True, slots=True)
class Print:
    """What is printed on a pack."""

    colour: Rgb
    accent: Rgb
    title: str
    count: str
    pattern: str
    ink: Rgb = (255, 255, 255)


def face(p: Print, w: float, h: float, px: int) -> Image.Image:
    """The front of a pack, flat: brand, title, count badge and a pattern."""
    c = Canvas(w, h, px)
    c.shape(rrect(0, 0, w, h, 0), Grad.of(lighter(p.colour, 0.14), p.colour, darker(p.colour, 0.10), angle=30))
    _pattern(c, p, w, h)
    s = min(h, w * 0.62)
    c.text(w * 0.09, h * 0.30, BRAND, s * 0.30, p.ink, "lm", 0.035)
    c.text(w * 0.09 + s * 0.70, h * 0.27, "MANYUN", s * 0.085, p.ink, "lm", 0.02, 0.9)
    c.text(w * 0.09 + s * 0.70, h * 0.37, "河北满城", s * 0.075, p.ink, "lm", 0.0, 0.85)
    c.text(w * 0.09, h * 0.60, p.title, s * 0.125, p.ink, "lm", 0.012)
    badge = rrect(w * 0.09, h * 0.72, w * 0.09 + s * 0.088 * (len(p.count) * 0.82 + 1.2), h * 0.72 + s * 0.16, s * 0.08)
    c.shape(badge, p.accent)
    xs = [q[0] for q in badge]
    c.text((min(xs) + max(xs)) / 2, h * 0.72 + s * 0.08, p.count, s * 0.09, (255, 255, 255), "mm", 0.01)
    return c.finished().convert("RGB")


def _pattern(c: Canvas, p: Print, w: float, h: float) -> None:
    pale = lighter(p.colour, 0.55)
    if p.pattern == "cloud":
        for cx, cy, r in ((0.78, 0.70, 0.30), (0.62, 0.86, 0.24), (0.94, 0.90, 0.28), (0.50, 1.02, 0.2)):
            c.shape(ellipse(w * cx, h * cy, h * r * 1.25, h * r), (255, 255, 255), 0.55)
        c.glow(w * 0.8, h * 0.3, h * 0.5, h * 0.5, (255, 255, 255), 0.45)
    elif p.pattern == "bamboo":
        for i, x in enumerate((0.70, 0.80, 0.91)):
            c.line([(w * x, -5), (w * (x - 0.03), h + 5)], h * 0.055, mix(p.colour, (96, 138, 74), 0.75))
            for j in range(3):
                y = h * (0.2 + 0.3 * j + 0.08 * i)
                c.line([(w * x - h * 0.05, y), (w * x + h * 0.03, y)], h * 0.014, mix(p.colour, (60, 96, 50), 0.9))
                tip = (w * x - h * 0.20, y + h * 0.14)
                c.line([(w * x, y), ((w * x + tip[0]) / 2, y + h * 0.01), tip], [2, h * 0.07, 1], (118, 158, 88), 0.9)
    elif p.pattern == "wave":
        for i in range(5):
            pts = [(w * t / 20, h * (0.62 + 0.09 * i) + h * 0.06 * math.sin(t * 0.7 + i)) for t in range(21)]
            c.shape([*pts, (w, h), (0, h)], lighter(p.colour, 0.08 + 0.10 * i), 0.7)
    elif p.pattern == "dots":
        for i in range(9):
            for j in range(6):
                r = h * 0.035 * (0.4 + i / 9)
                c.shape(ellipse(w * (0.52 + i * 0.06), h * (0.08 + j * 0.18 + (i % 2) * 0.09), r, r), pale, 0.65)
    else:
        for i in range(7):
            a = math.radians(-160 + i * 24)
            cx, cy = w * 0.80, h * 0.78
            tip = (cx + h * 0.62 * math.cos(a), cy + h * 0.62 * math.sin(a))
            c.line([(cx, cy), ((cx + tip[0]) / 2, (cy + tip[1]) / 2), tip], [2, h * 0.17, 2], pale, 0.75)
        c.shape(ellipse(w * 0.80, h * 0.78, h * 0.09, h * 0.09), p.accent)


def oblique(x: float, y: float, w: float, h: float, d: float) -> tuple[list[Point], list[Point], list[Point]]:
    """Front, top and right side of a box whose front face has its corner at (x, y)."""
    dx, dy = d * 0.55, d * 0.42
    front = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    top = [(x + dx, y - dy), (x + w + dx, y - dy), (x + w, y), (x, y)]
    side = [(x + w, y), (x + w + dx, y - dy), (x + w + dx, y + h - dy), (x + w, y + h)]
    return front, top, side


def soft_pack(c: Canvas, x: float, y: float, w: float, h: float, d: float, p: Print, tissue: bool = False) -> None:
    """A film-wrapped pack of facial tissue; `tissue` pulls one out of the slit."""
    front, top, side = oblique(x, y, w, h, d)
    art = face(p, w, h, max(120, c.px(w) // 2))
    c.project(art, front)
    c.shape(top, Grad.of(lighter(p.colour, 0.34), lighter(p.colour, 0.18)))
    c.shape(side, Grad.of(darker(p.colour, 0.16), darker(p.colour, 0.30), angle=90))
    sx = side[1][0] - side[0][0]
    for share, alpha in ((0.5, 0.35), (0.32, 0.22)):
        mid = (side[0][0] + sx * share, y + h * 0.5 - d * 0.42 * share)
        c.shape([side[0], side[1], mid], (255, 255, 255), alpha * 0.4)
        c.shape([side[3], side[2], mid], (0, 0, 0), alpha * 0.5)
    puff(c, x, y, w, h)
    slit = ellipse((top[0][0] + top[2][0]) / 2, (top[0][1] + top[2][1]) / 2, w * 0.20, d * 0.10)
    c.shape(slit, darker(p.colour, 0.34), 0.8)
    if tissue:
        pulled_tissue(c, (top[0][0] + top[2][0]) / 2, (top[0][1] + top[2][1]) / 2, w * 0.62)


def puff(c: Canvas, x: float, y: float, w: float, h: float) -> None:
    """Light on a stuffed film: bright upper edge, dark lower edge, a few creases."""
    front = rrect(x, y, x + w, y + h, 0)
    c.shape(
        rrect(x + w * 0.03, y + h * 0.03, x + w * 0.97, y + h * 0.10, h * 0.03),
        (255, 255, 255),
        0.55,
        h * 0.025,
        clip=front,
    )
    c.shape(rrect(x, y + h * 0.88, x + w, y + h, 0), (0, 0, 0), 0.28, h * 0.05, clip=front)
    c.shape(rrect(x, y, x + w * 0.03, y + h, 0), (255, 255, 255), 0.35, w * 0.012, clip=front)
    c.shape(rrect(x + w * 0.965, y, x + w, y + h, 0), (0, 0, 0), 0.25, w * 0.015, clip=front)
    rnd = random.Random(round(x * 7 + y * 13))
    for _ in range(4):
        cx, cy = x + w * rnd.uniform(0.82, 0.95), y + h * rnd.uniform(0.15, 0.8)
        crease = smooth([(cx, cy), (cx + w * 0.05, cy + h * 0.06), (cx + w * 0.04, cy + h * 0.2)], closed=False)
        c.line(crease, [0.4, w * 0.008, 0.4], (255, 255, 255), 0.6, 0.8)


def pulled_tissue(c: Canvas, x: float, y: float, w: float) -> None:
    """A sheet standing out of a slit, with folds."""
    s = w / 100
    body = smooth(
        [
            (x - 26 * s, y + 2 * s),
            (x - 44 * s, y - 46 * s),
            (x - 56 * s, y - 84 * s),
            (x - 24 * s, y - 74 * s),
            (x - 6 * s, y - 100 * s),
            (x + 22 * s, y - 78 * s),
            (x + 52 * s, y - 88 * s),
            (x + 40 * s, y - 44 * s),
            (x + 24 * s, y + 3 * s),
        ]
    )
    c.shape(moved(body, 5, 6), (30, 40, 60), 0.22, 7)
    c.shape(body, Grad.of((255, 255, 255), (246, 246, 246), (222, 224, 230)))
    for a, b, bend in ((-34, -50, -66), (-8, -14, -80), (12, 20, -62), (26, 38, -70)):
        fold = smooth([(x + a * 0.4 * s, y), (x + a * s, y - 40 * s), (x + b * s, y + bend * s)], closed=False)
        c.shape(_ribbon(fold, 8 * s), (120, 130, 150), 0.22, 2.4, clip=body)
        c.shape(moved(_ribbon(fold, 5 * s), -6 * s, 0), (255, 255, 255), 0.8, 2, clip=body)


def _ribbon(path: list[Point], width: float) -> list[Point]:
    return [*path, *moved(path, width, width * 0.2)[::-1]]


def carton(c: Canvas, x: float, y: float, w: float, h: float, d: float, p: Print, lines: tuple[str, ...]) -> None:
    """A corrugated shipping box with one-colour print and tape."""
    front, top, side = oblique(x, y, w, h, d)
    kraft = (206, 168, 120)
    size = (c.px(w) // 2, c.px(h) // 2)
    c.shape(front, speckle(5, size, kraft, (150, 112, 70), 0.03))
    c.shape(front, Grad.of((255, 255, 255), (90, 60, 30), angle=20), 0.14)
    c.shape(top, speckle(6, size, lighter(kraft, 0.22), (170, 132, 90), 0.03))
    c.shape(side, speckle(7, size, darker(kraft, 0.24), (110, 80, 48), 0.03))
    dx, dy = d * 0.55, d * 0.42
    c.shape(
        [(x + w * 0.44 + dx, y - dy), (x + w * 0.56 + dx, y - dy), (x + w * 0.56, y), (x + w * 0.44, y)],
        (238, 214, 170),
        0.7,
    )
    c.shape(rrect(x + w * 0.44, y, x + w * 0.56, y + h * 0.16, 0), (238, 214, 170), 0.6)
    c.line([(x, y), (x + w, y)], 2, (255, 240, 214), 0.6)
    ink = darker(p.colour, 0.25)
    c.text(x + w * 0.5, y + h * 0.36, BRAND, h * 0.24, ink, "mm", 0.03)
    for i, words in enumerate(lines):
        c.text(x + w * 0.5, y + h * (0.58 + 0.12 * i), words, h * 0.085, ink, "mm", 0.01)
    for i, mark in enumerate(("up", "dry")):
        bx = x + w * (0.80 + 0.10 * i)
        c.line([(bx, y + h * 0.93), (bx, y + h * 0.83)], 4, ink)
        tip = y + h * (0.80 if mark == "up" else 0.82)
        c.line([(bx - h * 0.03, tip + h * 0.05), (bx, tip), (bx + h * 0.03, tip + h * 0.05)], 4, ink)
    c.shape(rrect(x, y + h * 0.9, x + w, y + h, 0), (60, 36, 10), 0.25, 12, clip=front)


def roll(
    c: Canvas,
    x: float,
    y: float,
    w: float,
    h: float,
    core: bool = True,
    quilt: str = "line",
    tail: bool = False,
    tone: Rgb = PAPER,
) -> None:
    """A standing roll: (x, y) is the middle of its base. `tail` lets one sheet hang with its perforation."""
    ry = w * 0.17
    body = [(x - w / 2, y - h), *ellipse(x, y, w / 2, ry, 180, 0)[::1], (x + w / 2, y - h)]
    base = Grad(
        (
            (0.0, darker(tone, 0.20)),
            (0.22, darker(tone, 0.03)),
            (0.45, lighter(tone, 0.6)),
            (0.8, darker(tone, 0.10)),
            (1.0, darker(tone, 0.28)),
        ),
        90,
    )
    c.shape(body, base)
    grain = tint(
        noise(round(x), (c.px(w) // 2, c.px(h) // 2), (70, 120)), ((0.0, (150, 150, 160)), (1.0, (255, 255, 255)))
    )
    c.shape(body, grain, 0.10)
    _emboss(c, body, x, y, w, h, ry, quilt)
    top = ellipse(x, y - h, w / 2, ry)
    c.shape(top, Grad.of(lighter(tone, 0.4), darker(tone, 0.06), angle=60))
    for i in range(11):
        share = 0.34 + 0.66 * i / 11
        ring = ellipse(x, y - h, w / 2 * share, ry * share)
        c.line(ring, 1.3, darker(tone, 0.25), 0.28)
    r = 0.34 if core else 0.10
    c.shape(ellipse(x, y - h, w / 2 * (r + 0.03), ry * (r + 0.03)), (186, 148, 104) if core else darker(tone, 0.3))
    c.shape(ellipse(x, y - h + 1, w / 2 * r, ry * r), Grad.of((60, 44, 30), (128, 98, 66)))
    if tail:
        _tail(c, x, y, w, h, tone)


def _emboss(c: Canvas, body: list[Point], x: float, y: float, w: float, h: float, ry: float, quilt: str) -> None:
    if quilt == "line":
        for i in range(1, 4):
            level = ellipse(x, y - h + h * i / 4, w / 2, ry, 180, 0)
            c.line(level, 1.4, (130, 130, 140), 0.35)
        return
    for row in range(int(h // 22)):
        for col in range(-6, 7):
            a = math.radians(col * 14 + (row % 2) * 7)
            if abs(math.degrees(a)) > 80:
                continue
            px, py = x + w / 2 * math.sin(a), y - h + 24 + row * 22 + ry * math.cos(a)
            if py > y + ry * math.cos(a) - 10:
                continue
            rx = max(1.0, 5 * math.cos(a))
            c.shape(ellipse(px + 1, py + 1, rx, 5), (255, 255, 255), 0.9)
            c.shape(ellipse(px, py, rx, 4.4), (140, 160, 180) if quilt == "dot" else (110, 160, 200), 0.34)


def _tail(c: Canvas, x: float, y: float, w: float, h: float, tone: Rgb) -> None:
    """The loose sheet in front, with a dashed perforation and a scalloped lower edge."""
    left, right = x - w * 0.06, x + w * 0.40
    drop = y + w * 0.20
    top = y - h
    edge = [(left, top + w * 0.165), (left + 2, y - h * 0.5), (left + 10, y), (left + 26, drop + 14)]
    other = [(right + 34, drop - 6), (right + 16, y - 8), (right + 4, y - h * 0.5), (right, top + w * 0.095)]
    sheet = [*smooth(edge, closed=False), *smooth(other, closed=False)]
    c.shape(moved(sheet, -9, 7), (40, 40, 60), 0.26, 9)
    c.shape(sheet, Grad(((0.0, lighter(tone, 0.5)), (0.55, darker(tone, 0.06)), (1.0, lighter(tone, 0.8))), 40))
    c.line(smooth(edge, closed=False), 1.5, (120, 120, 132), 0.5)
    for i in range(12):
        a = (left + 2 + (right - left + 2) * i / 12, y - h * 0.36 - 8 * i / 12)
        c.line([a, (a[0] + (right - left) / 22, a[1] - 0.4)], 2.4, (120, 120, 132), 0.8)


def film(c: Canvas, x: float, y: float, w: float, h: float, handle: bool = True) -> None:
    """A clear bag round a bundle: edges, glare, creases and a carrying handle."""
    c.shape(rrect(x, y, x + w, y + h, 22), (255, 255, 255), 0.10)
    pane = rrect(x, y, x + w, y + h, 22)
    c.line([*pane, pane[0]], 2.4, (255, 255, 255), 0.75)
    for at, width, alpha in ((0.10, 0.06, 0.34), (0.19, 0.02, 0.4), (0.72, 0.08, 0.20)):
        ax = x + w * at
        c.shape(
            [(ax, y), (ax + w * width, y), (ax + w * width - h * 0.16, y + h), (ax - h * 0.16, y + h)],
            (255, 255, 255),
            alpha,
            5,
            clip=pane,
        )
    if handle:
        loop = smooth(
            [(x + w * 0.34, y + 6), (x + w * 0.38, y - 62), (x + w * 0.62, y - 62), (x + w * 0.66, y + 6)], closed=False
        )
        c.line(loop, 26, (255, 255, 255), 0.5)
        c.line(loop, 22, (214, 230, 240), 0.6)
        c.line(moved(loop, -3, -4), 4, (255, 255, 255), 0.8)
