"""Where a product stands to be photographed: studio sweeps, walls with a floor, tables."""

from __future__ import annotations

from PIL import Image

from kaibo.demo.art.brush import Canvas, Grad, Rgb, darker, ellipse, lighter, mix, rrect
from kaibo.demo.art.texture import Wood, laid, plaster, wood


def studio(c: Canvas, backdrop: Rgb, horizon: float = 640) -> None:
    """An endless paper sweep: lit from the top left, darker at the rim."""
    w, h = c.width, c.height
    c.shape(
        rrect(0, 0, w, h, 0),
        Grad(
            (
                (0.0, lighter(backdrop, 0.30)),
                (0.55, backdrop),
                (0.75, darker(backdrop, 0.07)),
                (1.0, lighter(backdrop, 0.16)),
            )
        ),
    )
    c.glow(w * 0.34, h * 0.26, w * 0.75, h * 0.6, (255, 255, 255), 0.6)
    c.shape(rrect(0, horizon, w, h, 0), lighter(backdrop, 0.22), 0.55, 60, clip=rrect(0, 0, w, h, 0))


def wall_and_floor(c: Canvas, seed: int, wall: Rgb, boards: Wood, floor_y: float) -> None:
    """A plastered wall with a skirting board over a plank floor in perspective, window light across."""
    w, h = c.width, c.height
    c.shape(rrect(0, 0, w, floor_y, 0), plaster(seed, (c.px(w) // 2, c.px(floor_y) // 2), wall))
    c.glow(w * 0.22, h * 0.18, w * 0.7, h * 0.6, (255, 250, 238), 0.5)
    floor(c, seed, boards, floor_y)
    c.shape(rrect(0, floor_y - 30, w, floor_y, 0), Grad.of(lighter(wall, 0.5), lighter(wall, 0.30)))
    c.shape(rrect(0, floor_y - 30, w, floor_y - 27, 0), (255, 255, 255), 0.7)
    c.shape(rrect(0, floor_y - 3, w, floor_y + 6, 0), (0, 0, 0), 0.4, 4)


def floor(c: Canvas, seed: int, boards: Wood, y: float) -> None:
    w, h = c.width, c.height
    size = (900, 900)
    art = Image.new("RGB", size)
    for i in range(9):
        art.paste(wood(seed + i * 3, 98, 900, boards, 0.3), (i * 100, 0))
    c.project(art, [(-w * 0.05, y), (w * 1.05, y), (w * 1.5, h + 6), (-w * 0.5, h + 6)])
    c.shape(rrect(0, y, w, h, 0), Grad.of((0, 0, 0), (60, 40, 20)), 0.12)


def sunbeam(c: Canvas, x: float, top: float, bottom: float, colour: Rgb = (255, 246, 220), alpha: float = 0.26) -> None:
    """Slanting window light: three panes."""
    for i in range(3):
        a = x + i * 92
        c.shape([(a, top), (a + 74, top), (a + 74 - 190, bottom), (a - 190, bottom)], colour, alpha, 9)


def table(c: Canvas, seed: int, palette: Wood, y: float, backdrop: Rgb) -> None:
    """A wooden table top against a soft backdrop."""
    w, h = c.width, c.height
    c.shape(rrect(0, 0, w, y, 0), Grad.of(lighter(backdrop, 0.25), backdrop, darker(backdrop, 0.10)))
    c.glow(w * 0.32, h * 0.2, w * 0.7, h * 0.55, (255, 255, 255), 0.5)
    size = (1000, 700)
    art = Image.new("RGB", size)
    for i in range(5):
        art.paste(laid(wood(seed + i * 5, 138, 1000, palette, 0.35)), (0, i * 140))
    c.project(art, [(-w * 0.06, y), (w * 1.06, y), (w * 1.4, h + 6), (-w * 0.4, h + 6)])
    c.shape(rrect(0, y, w, y + 50, 0), (0, 0, 0), 0.20, 22, clip=rrect(0, y, w, h, 0))
    c.shape(rrect(0, y - 1, w, y + 3, 0), mix(backdrop, (255, 255, 255), 0.6), 0.5)
    c.glow(w * 0.35, h * 0.78, w * 0.6, h * 0.24, (255, 250, 235), 0.28)


def ground_shadow(c: Canvas, cx: float, y: float, rx: float, ry: float, alpha: float = 0.45) -> None:
    """Soft contact shadow: a wide faint one and a narrow dark one."""
    c.shape(ellipse(cx + rx * 0.10, y + ry * 0.3, rx * 1.12, ry * 1.25), (24, 16, 12), alpha * 0.5, ry * 0.75)
    c.shape(ellipse(cx, y, rx * 0.94, ry * 0.62), (20, 12, 8), alpha, ry * 0.32)


def vignette(c: Canvas, alpha: float = 0.22) -> None:
    grey = Image.radial_gradient("L").point([round(max(0, v - 110) * 1.5 * alpha) for v in range(256)])
    c.stamp(grey.resize(c.image.size, Image.Resampling.BILINEAR), (20, 12, 6), (0, 0))
