"""Textures from seeded noise: wood grain, plaster, paper. Grey pictures first, coloured afterwards."""

from __future__ import annotations

import math
import random
from functools import lru_cache

from PIL import Image, ImageChops, ImageFilter, ImageOps

from kaibo.demo.art.brush import Rgb, darker, lighter, mix, tint

Wood = tuple[tuple[float, Rgb], ...]

WALNUT: Wood = ((0.0, (46, 27, 18)), (0.35, (84, 52, 34)), (0.65, (116, 76, 50)), (1.0, (158, 112, 78)))
OAK: Wood = ((0.0, (140, 102, 62)), (0.4, (190, 150, 102)), (0.7, (212, 176, 128)), (1.0, (232, 204, 164)))
CHERRY: Wood = ((0.0, (84, 32, 20)), (0.4, (134, 60, 36)), (0.7, (164, 84, 52)), (1.0, (198, 122, 84)))
PINE: Wood = ((0.0, (196, 152, 96)), (0.4, (224, 186, 132)), (0.7, (238, 206, 156)), (1.0, (248, 226, 186)))
ASH_GREY: Wood = ((0.0, (96, 90, 84)), (0.4, (138, 131, 122)), (0.7, (164, 157, 148)), (1.0, (194, 188, 180)))
WHITE: Wood = ((0.0, (226, 224, 219)), (0.5, (241, 240, 236)), (1.0, (250, 249, 246)))


def noise(seed: int, size: tuple[int, int], cells: tuple[int, int]) -> Image.Image:
    """Smooth grey noise: `cells` random values across, blown up to `size`."""
    w, h = cells
    grid = Image.frombytes("L", (w, h), random.Random(seed).randbytes(w * h))
    return grid.resize(size, Image.Resampling.BICUBIC)


def plaster(seed: int, size: tuple[int, int], colour: Rgb, depth: float = 0.05) -> Image.Image:
    """A wall: the colour with faint clouds and grain."""
    grey = Image.blend(noise(seed, size, (7, 7)), noise(seed + 1, size, (160, 160)), 0.35)
    return tint(grey, ((0.0, darker(colour, depth)), (1.0, lighter(colour, depth))))


@lru_cache(maxsize=48)
def wood(seed: int, width: int, height: int, palette: Wood, cathedral: float = 0.6) -> Image.Image:
    """A board with the grain running down: year rings seen as streaks and, at `cathedral` > 0, as arches."""
    rnd = random.Random(seed)
    rings = _rings(rnd, width, height, cathedral).resize((width, height), Image.Resampling.BICUBIC)
    fine = noise(seed + 1, (width, height), (max(8, width // 2), max(4, height // 90)))
    broad = noise(seed + 2, (width, height), (max(4, width // 40), 4))
    grey = Image.blend(rings, fine, 0.34)
    grey = Image.blend(grey, broad, 0.28)
    grey = ImageOps.autocontrast(grey, cutoff=1)
    board = tint(grey, palette)
    pores = noise(seed + 3, (width, height), (max(8, width), max(6, height // 34)))
    pores = pores.point([90 if v < 38 else 0 for v in range(256)]).filter(ImageFilter.GaussianBlur(0.6))
    board.paste(Image.new("RGB", board.size, darker(palette[0][1], 0.25)), (0, 0), pores)
    return board


def _rings(rnd: random.Random, width: int, height: int, cathedral: float) -> Image.Image:
    """Distance to the heart of the tree, folded into rings; computed small, because rings are smooth."""
    w = min(180, max(24, width))
    h = max(24, min(360, height, round(w * height / width)))
    centre, lean = rnd.uniform(0.3, 0.7), rnd.uniform(-0.12, 0.12)
    drift = [rnd.uniform(-1, 1) for _ in range(9)]
    count = rnd.uniform(12, 17)
    peak = rnd.uniform(0.15, 0.5)
    out = bytearray(w * h)
    for y in range(h):
        v = y / h
        k = v * 7.99
        i = int(k)
        wave = drift[i] + (drift[i + 1] - drift[i]) * (3 * (k - i) ** 2 - 2 * (k - i) ** 3)
        axis = centre + lean * (v - 0.5) + 0.024 * wave
        arch = cathedral * 0.55 * (v - peak) * height / max(width, 1) * 0.5
        for x in range(w):
            d = x / w - axis
            r = math.sqrt(d * d + 0.012) * 1.25 + arch * math.exp(-d * d * 26) + 0.006 * wave
            t = (r * count) % 1.0
            out[y * w + x] = int(255 * (1 - t**2.2) * (0.75 + 0.25 * math.sin(r * 31)))
    return Image.frombytes("L", (w, h), bytes(out))


def laid(board: Image.Image) -> Image.Image:
    """The same board with the grain running across."""
    return board.transpose(Image.Transpose.ROTATE_90)


def speckle(seed: int, size: tuple[int, int], colour: Rgb, dots: Rgb, share: float = 0.02) -> Image.Image:
    """Stone or kraft paper: a colour with fine flecks."""
    field = noise(seed, size, (size[0] // 3, size[1] // 3))
    base = tint(noise(seed + 1, size, (60, 60)), ((0.0, mix(colour, dots, 0.10)), (1.0, lighter(colour, 0.06))))
    edge = round(255 * share * 4)
    base.paste(Image.new("RGB", size, dots), (0, 0), field.point([140 if v < edge else 0 for v in range(256)]))
    return base


def shaded(image: Image.Image, mask: Image.Image, colour: Rgb, alpha: float) -> Image.Image:
    """The picture with a colour laid over it through a mask."""
    out = image.copy()
    out.paste(Image.new("RGB", image.size, colour), (0, 0), mask.point([round(v * alpha) for v in range(256)]))
    return out


def multiply(image: Image.Image, grey: Image.Image) -> Image.Image:
    return ImageChops.multiply(image, Image.merge("RGB", (grey, grey, grey)))
