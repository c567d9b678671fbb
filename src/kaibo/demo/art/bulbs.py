"""Garlic, shaded point by point: a solid of revolution with lobes, papery skin and purple streaks.

The surface is x = R(v)·sin φ with v from the root (0) to the tip (1); the normal follows from R'(v) and from the lobes,
so that light, streaks and veins bend round the bulb as they do on a real one. Computed at a few hundred pixels.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageFilter

from kaibo.demo.art.brush import Rgb, mix

LIGHT = (-0.48, 0.62, 0.62)


@dataclass(frozen=True, slots=True)
class Skin:
    """How a bulb or clove is coloured. `streaks` 0..1 is how purple it is, `gloss` how wet it shines."""

    base: Rgb
    streak: Rgb
    streaks: float
    lobes: int
    gloss: float = 0.25
    shade: Rgb = (112, 78, 92)
    veins: float = 0.5


PURPLE = Skin((250, 240, 236), (138, 52, 104), 0.95, 7)
PALE = Skin((252, 246, 238), (176, 108, 148), 0.55, 8)
SOLO = Skin((246, 228, 230), (126, 40, 92), 1.0, 1, 0.4)
FRESH = Skin((250, 246, 236), (164, 92, 140), 0.5, 6, 0.35, (96, 96, 80))
DEEP = Skin((236, 208, 214), (108, 30, 76), 1.0, 7)
CLOVE = Skin((240, 206, 208), (134, 46, 96), 0.8, 1, 0.5)
PEELED = Skin((252, 240, 208), (240, 216, 168), 0.25, 1, 0.8, (150, 112, 66), 0.1)
BLACK_CLOVE = Skin((62, 40, 34), (24, 14, 12), 0.7, 1, 0.9, (6, 2, 2), 0.2)
AGED = Skin((206, 172, 128), (122, 82, 52), 0.9, 7, 0.2, (60, 34, 20))
JADE = Skin((188, 206, 128), (120, 160, 84), 0.5, 1, 0.9, (66, 86, 30), 0.1)


PROFILES: dict[str, tuple[tuple[float, float], ...]] = {
    "bulb": (
        (0, 0),
        (0.012, 0.24),
        (0.035, 0.44),
        (0.10, 0.75),
        (0.20, 0.94),
        (0.31, 1.0),
        (0.42, 0.96),
        (0.52, 0.83),
        (0.60, 0.64),
        (0.67, 0.43),
        (0.74, 0.27),
        (0.82, 0.17),
        (0.91, 0.125),
        (1.0, 0.12),
    ),
    "solo": (
        (0, 0),
        (0.015, 0.30),
        (0.05, 0.56),
        (0.14, 0.83),
        (0.27, 0.98),
        (0.39, 1.0),
        (0.53, 0.93),
        (0.66, 0.76),
        (0.76, 0.54),
        (0.84, 0.33),
        (0.90, 0.18),
        (0.96, 0.09),
        (1.0, 0.05),
    ),
    "clove": (
        (0, 0.10),
        (0.012, 0.30),
        (0.05, 0.48),
        (0.16, 0.74),
        (0.32, 0.94),
        (0.45, 1.0),
        (0.60, 0.91),
        (0.73, 0.70),
        (0.84, 0.45),
        (0.93, 0.21),
        (1.0, 0.03),
    ),
}
"""Radius at each height, from the root (0) to the tip (1)."""
WIDTH_TO_HEIGHT = {"bulb": 1.0, "solo": 0.96, "clove": 0.62}


def radius_at(shape: str, v: float) -> float:
    """The profile, eased between its points."""
    knots = PROFILES[shape]
    for i in range(len(knots) - 1):
        (v0, r0), (v1, r1) = knots[i], knots[i + 1]
        if v <= v1:
            va, ra = knots[max(0, i - 1)]
            vb, rb = knots[min(len(knots) - 1, i + 2)]
            t, d = (v - v0) / (v1 - v0), v1 - v0
            m0 = (r1 - ra) / max(1e-6, v1 - va) * d
            m1 = (rb - r0) / max(1e-6, vb - v0) * d
            t2, t3 = t * t, t * t * t
            return max(
                0.0, (2 * t3 - 3 * t2 + 1) * r0 + (t3 - 2 * t2 + t) * m0 + (3 * t2 - 2 * t3) * r1 + (t3 - t2) * m1
            )
    return knots[-1][1]


def _ring(rnd: random.Random, cells: int, size: int = 720) -> list[float]:
    """Smooth noise round the circle, 0..1."""
    knots = [rnd.random() for _ in range(cells)]
    out = []
    for i in range(size):
        k = i / size * cells
        a, t = int(k) % cells, k - int(k)
        t = t * t * (3 - 2 * t)
        out.append(knots[a] + (knots[(a + 1) % cells] - knots[a]) * t)
    return out


@lru_cache(maxsize=96)
def garlic(shape: str, skin: Skin, seed: int, height_px: int = 260) -> Image.Image:
    """An RGBA sprite of one bulb, solo bulb or clove, upright."""
    rnd = random.Random(seed * 7919 + len(shape))
    h, half = height_px, round(height_px * WIDTH_TO_HEIGHT[shape] / 2)
    w = round(half * 2.3) + 4
    streak = [a * 0.55 + b * 0.45 for a, b in zip(_ring(rnd, 26), _ring(rnd, 64), strict=True)]
    veins = _ring(rnd, 150)
    sway = [rnd.uniform(-1, 1) for _ in range(7)]
    lobes = _lobes(skin, rnd)
    profile = [radius_at(shape, min(1.0, i / h)) for i in range(h + 2)]
    curve = 0.17 if shape == "clove" else 0.0
    out = bytearray(w * h * 4)
    for row in range(h):
        v = 1 - (row + 0.5) / h
        i = min(h - 1, int(v * h))
        radius = profile[i]
        if radius <= 0.004:
            continue
        slope = (profile[min(h, i + 2)] - profile[max(0, i - 2)]) * half / 4
        k = v * 5.99
        bend = (sway[int(k)] * (1 - k % 1) + sway[int(k) + 1] * (k % 1)) * 0.03
        centre = w / 2 + half * (curve * (math.sin(math.pi * v) - 0.5) + 0.10 * sway[0] * max(0.0, v - 0.55))
        _scanline(out, row, w, half, v, radius, slope, (bend, centre), skin, streak, veins, lobes)
    sprite = Image.frombytes("RGBA", (w, h), bytes(out)).resize((w * 2, h * 2), Image.Resampling.BICUBIC)
    return sprite.filter(ImageFilter.UnsharpMask(3, 70, 2))


def _lobes(skin: Skin, rnd: random.Random) -> tuple[list[float], list[float]]:
    """For each of 720 directions: how deep the furrow is, and how the normal leans sideways."""
    if skin.lobes < 2:
        return [0.0] * 720, [0.0] * 720
    marks = sorted((i + rnd.uniform(-0.16, 0.16)) * 720 / skin.lobes for i in range(skin.lobes))
    furrow, lean = [0.0] * 720, [0.0] * 720
    width = 720 / skin.lobes
    for i in range(720):
        d = min(((i - m + 360) % 720 - 360 for m in marks), key=abs)
        t = d / (width / 2)
        furrow[i] = math.exp(-((t / 0.20) ** 2))
        lean[i] = -0.85 * math.sin(math.pi * max(-1.0, min(1.0, t)))
    return furrow, lean


def _scanline(
    out: bytearray,
    row: int,
    w: int,
    half: int,
    v: float,
    radius: float,
    slope: float,
    axis: tuple[float, float],
    skin: Skin,
    streak: list[float],
    veins: list[float],
    lobes: tuple[list[float], list[float]],
) -> None:
    furrow, lean = lobes
    bend, centre = axis
    fade = min(1.0, v / 0.12) * min(1.0, max(0.0, (1.02 - v) / 0.3)) ** 0.6
    body = max(0.0, min(1.0, (0.80 - v) / 0.12)) * min(1.0, v / 0.05)
    lx, ly, lz = LIGHT
    br, bg, bb = skin.base
    sr, sg, sb = skin.streak
    for col in range(w):
        x = (col + 0.5 - centre) / half / radius
        edge = (1 - abs(x)) * half * radius
        if edge < -0.5:
            continue
        u = max(-0.999, min(0.999, x + bend))
        phi = math.asin(u)
        i = int((phi / math.tau + 0.5 + 0.02 * v) * 720) % 720
        f = furrow[i] * body
        nx, nz, ny = u + lean[i] * 0.5 * body, math.sqrt(1 - u * u), -slope * 0.8
        scale = 1 / math.sqrt(nx * nx + ny * ny + nz * nz)
        lit = (nx * lx + ny * ly + nz * lz) * scale
        glow = max(0.0, lit) ** 14 * skin.gloss
        tone = 0.42 + 0.62 * max(-0.4, lit)
        tone *= 1 - 0.34 * f
        s = streak[i]
        much = max(0.0, min(1.0, (s - 0.76 + 0.32 * skin.streaks) * 3.0)) * fade * min(1.0, skin.streaks * 1.1)
        vein = max(0.0, veins[i] - 0.72) * skin.veins * 1.1
        r, g, b = br + (sr - br) * much, bg + (sg - bg) * much, bb + (sb - bb) * much
        k = max(0.0, min(1.0, tone))
        hr, hg, hb = skin.shade
        dim = 1 - vein
        at = (row * w + col) * 4
        out[at] = min(255, int((hr * (r / 255) * (1 - k) + r * k) * dim + 255 * glow))
        out[at + 1] = min(255, int((hg * (g / 255) * (1 - k) + g * k) * dim + 255 * glow))
        out[at + 2] = min(255, int((hb * (b / 255) * (1 - k) + b * k) * dim + 255 * glow))
        out[at + 3] = 255 if edge > 0.5 else int(255 * (edge + 0.5))


def skin_tone(skin: Skin) -> Rgb:
    return mix(skin.base, skin.streak, skin.streaks * 0.4)
