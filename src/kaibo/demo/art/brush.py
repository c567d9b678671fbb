"""The drawing kit: shapes with gradients, textures, soft shadows and perspective, on Pillow alone.

Coordinates are units, 1000 to the width of a product picture, so that a drawing has the same look at every size.
A canvas is drawn at twice its size and reduced at the end: that is where the smooth edges come from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import noto_cjk_sans_otc
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

Rgb = tuple[int, int, int]
Point = tuple[float, float]
Points = Sequence[Point]

OVERSAMPLE = 2
FONT_FACE_SC = 2
"""Index of the simplified Chinese face inside the collection file."""


@dataclass(frozen=True, slots=True)
class Grad:
    """A linear gradient over the box of the shape it fills. `angle` in degrees: 0 runs downwards, 90 to the right."""

    stops: tuple[tuple[float, Rgb], ...]
    angle: float = 0.0

    @staticmethod
    def of(*colours: Rgb, angle: float = 0.0) -> Grad:
        last = max(1, len(colours) - 1)
        return Grad(tuple((i / last, c) for i, c in enumerate(colours)), angle)


Fill = Rgb | Grad | Image.Image


def mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    """The colour `share` of the way from a to b."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def darker(c: Rgb, share: float) -> Rgb:
    return mix(c, (0, 0, 0), share)


def lighter(c: Rgb, share: float) -> Rgb:
    return mix(c, (255, 255, 255), share)


@lru_cache(maxsize=64)
def font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(noto_cjk_sans_otc.FONT_PATH), max(1, size_px), index=FONT_FACE_SC)


def ramp(stops: Sequence[tuple[float, Rgb]]) -> tuple[list[int], list[int], list[int]]:
    """Three lookup tables of 256 entries that colour a grey picture with the stops."""
    tables: tuple[list[int], list[int], list[int]] = ([], [], [])
    for level in range(256):
        at = level / 255
        colour = stops[-1][1]
        for (p0, c0), (p1, c1) in pairwise(stops):
            if at <= p1:
                colour = mix(c0, c1, max(0.0, min(1.0, (at - p0) / max(1e-6, p1 - p0))))
                break
        for table, value in zip(tables, colour, strict=True):
            table.append(value)
    return tables


def tint(grey: Image.Image, stops: Sequence[tuple[float, Rgb]]) -> Image.Image:
    """Colour an L picture: level 0 takes the first stop, 255 the last."""
    return Image.merge("RGB", [grey.point(table) for table in ramp(stops)])


@lru_cache(maxsize=1)
def _slope() -> Image.Image:
    return Image.linear_gradient("L")


def gradient(size: tuple[int, int], grad: Grad) -> Image.Image:
    """An RGB picture of `size` pixels holding the gradient."""
    w, h = size
    turn = grad.angle % 360
    if turn == 0:
        grey = _slope().resize((1, 256)).resize((w, h), Image.Resampling.BILINEAR)
    elif turn == 90:
        grey = _slope().transpose(Image.Transpose.ROTATE_90).resize((w, h), Image.Resampling.BILINEAR)
    else:
        grey = (
            _slope()
            .resize((512, 512))
            .rotate(turn, Image.Resampling.BILINEAR)
            .crop((106, 106, 406, 406))
            .resize((w, h))
        )
    return tint(grey, grad.stops)


def rrect(x0: float, y0: float, x1: float, y1: float, r: float) -> list[Point]:
    """Outline of a rectangle with round corners."""
    r = max(0.0, min(r, (x1 - x0) / 2, (y1 - y0) / 2))
    if r == 0:
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    out: list[Point] = []
    for cx, cy, start in ((x1 - r, y0 + r, -90), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180)):
        for i in range(13):
            a = math.radians(start + 90 * i / 12)
            out.append((cx + r * math.cos(a), cy + r * math.sin(a)))
    return out


def ellipse(cx: float, cy: float, rx: float, ry: float, start: float = 0, end: float = 360) -> list[Point]:
    """Outline of an ellipse, or of its sector's arc, in degrees clockwise from the right."""
    n = 72
    span = math.radians(end - start)
    a0 = math.radians(start)
    return [(cx + rx * math.cos(a0 + span * i / n), cy + ry * math.sin(a0 + span * i / n)) for i in range(n + 1)]


def smooth(points: Points, closed: bool = True, steps: int = 10) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    n = len(points)
    out: list[Point] = []
    for i in range(n if closed else n - 1):
        p0 = points[(i - 1) % n] if closed or i > 0 else points[i]
        p1, p2 = points[i], points[(i + 1) % n]
        p3 = points[(i + 2) % n] if closed or i + 2 < n else p2
        for s in range(steps):
            t = s / steps
            out.append(tuple(_catmull(p0[k], p1[k], p2[k], p3[k], t) for k in (0, 1)))  # type: ignore[arg-type]
    if not closed:
        out.append(points[-1])
    return out


def _catmull(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t)


def thick(path: Points, width: float | Sequence[float]) -> list[Point]:
    """Outline of a stroke along an open path; a list of widths tapers it evenly along the path."""
    left: list[Point] = []
    right: list[Point] = []
    n = len(path)
    for i, (x, y) in enumerate(path):
        ax, ay = path[max(0, i - 1)]
        bx, by = path[min(n - 1, i + 1)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        at = i / max(1, n - 1)
        if isinstance(width, int | float):
            w = float(width)
        else:
            k = at * (len(width) - 1)
            j = min(int(k), len(width) - 2)
            w = width[j] + (width[j + 1] - width[j]) * (k - j)
        nx, ny = -(by - ay) / length * w / 2, (bx - ax) / length * w / 2
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return left + right[::-1]


def moved(points: Points, dx: float, dy: float) -> list[Point]:
    return [(x + dx, y + dy) for x, y in points]


def turned(points: Points, degrees: float, cx: float, cy: float) -> list[Point]:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [(cx + (x - cx) * c - (y - cy) * s, cy + (x - cx) * s + (y - cy) * c) for x, y in points]


def warp_coefficients(quad: Points, w: float, h: float) -> list[float]:
    """The eight numbers that Pillow's perspective wants, so that a w × h picture lands on the quad
    (top left, top right, bottom right, bottom left)."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(quad, ((0.0, 0.0), (w, 0.0), (w, h), (0.0, h)), strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    for col in range(8):
        pivot = max(range(col, 8), key=lambda r: abs(rows[r][col]))
        rows[col], rows[pivot] = rows[pivot], rows[col]
        head = rows[col][col]
        rows[col] = [value / head for value in rows[col]]
        for r in range(8):
            if r != col and rows[r][col]:
                factor = rows[r][col]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[col], strict=True)]
    return [row[8] for row in rows]


class Canvas:
    """A picture being drawn. `width` and `height` are units; `size_px` is the finished width in pixels."""

    def __init__(self, width: float, height: float, size_px: int, base: Rgb | None = None) -> None:
        self.width, self.height = width, height
        self.k = size_px * OVERSAMPLE / width
        self.size_px = size_px
        box = (round(width * self.k), round(height * self.k))
        self.image = Image.new("RGBA", box, (*base, 255) if base else (0, 0, 0, 0))

    def finished(self) -> Image.Image:
        return self.image.reduce(OVERSAMPLE)

    def px(self, units: float) -> int:
        return max(1, round(units * self.k))

    def _mask(self, points: Points, box: tuple[int, int, int, int]) -> Image.Image:
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
        ImageDraw.Draw(mask).polygon([(x * self.k - box[0], y * self.k - box[1]) for x, y in points], fill=255)
        return mask

    def shape(
        self, points: Points, fill: Fill, alpha: float = 1.0, blur: float = 0.0, clip: Points | None = None
    ) -> None:
        """Fill a polygon. `blur` softens its edge by that many units; `clip` keeps the paint inside another polygon."""
        pad = blur * 2.6
        frame = clip if clip is not None else points
        xs, ys = [p[0] for p in frame], [p[1] for p in frame]
        grow = 0.0 if clip is not None else pad
        box = (
            max(0, math.floor((min(xs) - grow) * self.k)),
            max(0, math.floor((min(ys) - grow) * self.k)),
            min(self.image.width, math.ceil((max(xs) + grow) * self.k) + 1),
            min(self.image.height, math.ceil((max(ys) + grow) * self.k) + 1),
        )
        if box[2] <= box[0] or box[3] <= box[1]:
            return
        mask = self._mask(points, box)
        if blur:
            mask = soften(mask, blur * self.k)
        if clip is not None:
            mask = ImageChops.multiply(mask, self._mask(clip, box))
        self.stamp(mask, fill, box[:2], alpha)

    def stamp(self, mask: Image.Image, fill: Fill, at: tuple[int, int], alpha: float = 1.0) -> None:
        """Lay a fill on the canvas through an L mask whose corner is at a pixel position."""
        if alpha < 1:
            mask = mask.point([round(v * alpha) for v in range(256)])
        if isinstance(fill, Image.Image):
            paint = (fill if fill.size == mask.size else fill.resize(mask.size, Image.Resampling.BILINEAR)).convert(
                "RGB"
            )
        elif isinstance(fill, Grad):
            paint = gradient(mask.size, fill)
        else:
            paint = Image.new("RGB", mask.size, fill)
        paint.putalpha(mask)
        self.image.alpha_composite(paint, at)

    def line(
        self, points: Points, width: float | Sequence[float], fill: Fill, alpha: float = 1.0, blur: float = 0.0
    ) -> None:
        self.shape(thick(points, width), fill, alpha, blur)

    def glow(self, cx: float, cy: float, rx: float, ry: float, colour: Rgb, alpha: float) -> None:
        """A soft round light."""
        box = [math.floor((cx - rx) * self.k), math.floor((cy - ry) * self.k), self.px(rx * 2), self.px(ry * 2)]
        mask = ImageChops.invert(Image.radial_gradient("L")).point([round(v * v / 255 * alpha) for v in range(256)])
        mask = mask.resize((box[2], box[3]), Image.Resampling.BILINEAR)
        left, top = max(0, -box[0]), max(0, -box[1])
        right, bottom = min(box[2], self.image.width - box[0]), min(box[3], self.image.height - box[1])
        if right > left and bottom > top:
            self.stamp(mask.crop((left, top, right, bottom)), colour, (box[0] + left, box[1] + top))

    def cut(self, points: Points) -> None:
        """Keep only what lies inside the polygon."""
        box = (0, 0, self.image.width, self.image.height)
        self.image.putalpha(ImageChops.multiply(self.image.getchannel("A"), self._mask(points, box)))

    def place(self, sprite: Image.Image, cx: float, cy: float, width: float, degrees: float = 0.0) -> None:
        """Lay an RGBA sprite with its centre at (cx, cy), `width` units wide, turned clockwise."""
        w = self.px(width)
        art = sprite.convert("RGBA").resize(
            (w, max(1, round(w * sprite.height / sprite.width))), Image.Resampling.LANCZOS
        )
        if degrees:
            art = art.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
        lay(self.image, art, round(cx * self.k - art.width / 2), round(cy * self.k - art.height / 2))

    def project(self, sprite: Image.Image, quad: Points) -> None:
        """Lay a picture on a quad in perspective."""
        xs, ys = [p[0] * self.k for p in quad], [p[1] * self.k for p in quad]
        x0, y0 = math.floor(min(xs)), math.floor(min(ys))
        size = (math.ceil(max(xs)) - x0 + 1, math.ceil(max(ys)) - y0 + 1)
        local = [(x - x0, y - y0) for x, y in zip(xs, ys, strict=True)]
        art = sprite.convert("RGBA").transform(
            size, Image.Transform.PERSPECTIVE, warp_coefficients(local, *sprite.size), Image.Resampling.BICUBIC
        )
        lay(self.image, art, x0, y0)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        fill: Rgb,
        anchor: Literal["lm", "mm", "rm", "ls", "ms", "la", "ma"] = "mm",
        bold: float = 0.0,
        alpha: float = 1.0,
    ) -> None:
        """Write a line. `bold` thickens the strokes by that share of the size, as the font ships one weight."""
        face = font(self.px(size))
        stroke = round(bold * size * self.k)
        layer = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(layer).text((x * self.k, y * self.k), words, 255, face, anchor, stroke_width=stroke)
        box = layer.getbbox()
        if box:
            self.stamp(layer.crop(box), fill, (box[0], box[1]), alpha)


def soften(mask: Image.Image, radius_px: float) -> Image.Image:
    """Gaussian blur; wide ones are made on a smaller copy, where they cost a sixteenth."""
    if radius_px < 12 or min(mask.size) < 64:
        return mask.filter(ImageFilter.GaussianBlur(radius_px))
    small = mask.reduce(4).filter(ImageFilter.GaussianBlur(radius_px / 4))
    return small.resize(mask.size, Image.Resampling.BILINEAR)


def lay(base: Image.Image, art: Image.Image, x: int, y: int) -> None:
    """alpha_composite that tolerates art hanging over the edge."""
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(art.width, base.width - x), min(art.height, base.height - y)
    if right > left and bottom > top:
        base.alpha_composite(art.crop((left, top, right, bottom)), (x + left, y + top))
