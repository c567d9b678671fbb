"""Door leaves seen from the front: stiles and rails with mitred mouldings, glass, grooves, handles.

A leaf is 400 × 880 units. Light comes from the top left, so a sunk edge is dark above and left, light below and right.
"""

from __future__ import annotations

import random

from PIL import Image

from kaibo.demo.art.brush import Canvas, Fill, Grad, Points, Rgb, darker, ellipse, lighter, moved, rrect
from kaibo.demo.art.texture import Wood, laid, wood

LEAF_W, LEAF_H = 400.0, 880.0
BRASS = Grad.of((255, 236, 178), (206, 160, 84), (148, 106, 48), (226, 188, 116), angle=90)
STEEL = Grad.of((250, 250, 250), (176, 180, 184), (120, 124, 130), (214, 217, 220), angle=90)
BLACK = Grad.of((86, 86, 90), (38, 38, 42), (20, 20, 22), (64, 64, 68), angle=90)

Box = tuple[float, float, float, float]


class Leaf:
    """One door leaf being made."""

    def __init__(self, palette: Wood, seed: int, px: int = 400, width: float = LEAF_W, height: float = LEAF_H) -> None:
        self.canvas = Canvas(width, height, px)
        self.palette, self.seed = palette, seed
        self.w, self.h = width, height

    def board(self, box: Box, seed: int, across: bool = False, cathedral: float = 0.6) -> None:
        x0, y0, x1, y1 = box
        w, h = self.canvas.px(x1 - x0), self.canvas.px(y1 - y0)
        art = (
            laid(wood(self.seed + seed, h, w, self.palette, 0.15))
            if across
            else wood(self.seed + seed, w, h, self.palette, cathedral)
        )
        self.canvas.shape(rrect(x0, y0, x1, y1, 0), art)

    def seam(self, points: Points, width: float = 1.2) -> None:
        """The hairline between two boards: a dark line with a lit lip beside it."""
        self.canvas.line(moved(points, 1.2, 1.2), width, (255, 255, 255), 0.16)
        self.canvas.line(points, width, (0, 0, 0), 0.42)

    def frame(self, stile: float, rails: list[tuple[float, float]]) -> None:
        """Two stiles the whole height, rails (top, bottom) across between them."""
        self.board((0, 0, self.w, self.h), 9, cathedral=0.1)
        self.board((0, 0, stile, self.h), 1, cathedral=0.1)
        self.board((self.w - stile, 0, self.w, self.h), 2, cathedral=0.1)
        for i, (top, bottom) in enumerate(rails):
            self.board((stile, top, self.w - stile, bottom), 3 + i, across=True)
        self.seam([(stile, 0), (stile, self.h)])
        self.seam([(self.w - stile, 0), (self.w - stile, self.h)])

    def bevel(self, box: Box, depth: float, sunk: bool, strength: float = 1.0) -> Box:
        """A mitred edge inside the box; returns what is left inside."""
        x0, y0, x1, y1 = box
        d = depth
        inner = (x0 + d, y0 + d, x1 - d, y1 - d)
        a, b, c, e = inner
        sides: list[tuple[Points, float]] = [
            ([(x0, y0), (x1, y0), (c, b), (a, b)], 0.46),
            ([(x0, y0), (a, b), (a, e), (x0, y1)], 0.34),
            ([(x0, y1), (a, e), (c, e), (x1, y1)], -0.40),
            ([(x1, y0), (x1, y1), (c, e), (c, b)], -0.26),
        ]
        for points, tone in sides:
            value = (tone if sunk else -tone) * strength
            self.canvas.shape(points, (0, 0, 0) if value > 0 else (255, 246, 230), abs(value))
        return inner

    def panel(self, box: Box, seed: int, raised: bool = True) -> None:
        """A sunk panel with an ogee: cove, step, flat, raised field."""
        self.board(box, seed)
        inside = self.bevel(box, 7, True)
        inside = self.bevel(inside, 4, False, 0.7)
        inside = self.bevel(inside, 7, True, 0.8)
        x0, y0, x1, y1 = inside
        self.canvas.shape(rrect(x0, y0, x1, y0 + 12, 0), (0, 0, 0), 0.4, 6, clip=rrect(x0, y0, x1, y1, 0))
        self.canvas.shape(rrect(x0, y0, x0 + 8, y1, 0), (0, 0, 0), 0.3, 5, clip=rrect(x0, y0, x1, y1, 0))
        if raised and x1 - x0 > 90 and y1 - y0 > 60:
            field = (x0 + 16, y0 + 16, x1 - 16, y1 - 16)
            field = self.bevel(field, 10, False, 0.75)
            fx0, fy0, fx1, fy1 = field
            self.canvas.shape(rrect(fx0, fy0, fx1, fy1, 0), (255, 248, 235), 0.05)

    def arch_panel(self, box: Box, rise: float, seed: int) -> None:
        """A panel whose top is an arch, made of nested outlines."""
        x0, y0, x1, y1 = box
        w, h = self.canvas.px(x1 - x0), self.canvas.px(y1 - y0)
        self.canvas.shape(arch(box, rise), wood(self.seed + seed, w, h, self.palette))
        for inset, width, dark, alpha in (
            (2, 6, True, 0.42),
            (8, 4, False, 0.30),
            (14, 7, True, 0.36),
            (34, 8, False, 0.26),
        ):
            outer = arch((x0 + inset, y0 + inset, x1 - inset, y1 - inset), rise)
            self._moulding(outer, width, dark, alpha)

    def _moulding(self, outline: Points, width: float, dark: bool, alpha: float) -> None:
        """A line of moulding along an arch: one tone on the side away from the light, the other towards it."""
        c = self.canvas
        half = len(outline) * 5 // 8
        bottom = [outline[0], outline[-1]]
        near, far = ((0, 0, 0), (255, 244, 226)) if dark else ((255, 244, 226), (0, 0, 0))
        c.line(outline[:half], width, near, alpha, 0.8)
        c.line(outline[half - 1 :], width, far, alpha * 0.8, 0.8)
        c.line(bottom, width, far, alpha, 0.8)

    def glass(self, box: Box, fluted: bool) -> None:
        """Glass with the light of the next room behind it."""
        x0, y0, x1, y1 = box
        self.canvas.shape(
            rrect(x0, y0, x1, y1, 0), Grad.of((226, 236, 236), (196, 214, 216), (214, 222, 214), angle=24)
        )
        if fluted:
            n = max(6, round((x1 - x0) / 13))
            step = (x1 - x0) / n
            for i in range(n):
                a = x0 + i * step
                self.canvas.shape(
                    rrect(a, y0, a + step, y1, 0),
                    Grad.of((150, 176, 180), (244, 250, 250), (176, 198, 200), angle=90),
                    0.62,
                )
        else:
            self.canvas.shape(
                [(x0, y0 + (y1 - y0) * 0.5), (x1, y0), (x1, y0 + 70), (x0, y0 + (y1 - y0) * 0.5 + 110)],
                (255, 255, 255),
                0.36,
                clip=rrect(x0, y0, x1, y1, 0),
            )
        self.bevel((x0 - 7, y0 - 7, x1 + 7, y1 + 7), 7, True, 1.1)
        self.canvas.shape(rrect(x0, y0, x1, y0 + 8, 0), (0, 0, 0), 0.3, 5, clip=rrect(x0, y0, x1, y1, 0))

    def lever(self, x: float, y: float, metal: Fill, to_left: bool = True, plate: bool = True) -> None:
        """A lever handle on a plate, with its shadow on the wood."""
        c = self.canvas
        way = -1 if to_left else 1
        if plate:
            face = rrect(x - 11, y - 46, x + 11, y + 74, 8)
            c.shape(moved(face, 5, 7), (0, 0, 0), 0.45, 5)
            c.shape(face, metal)
            c.shape(rrect(x - 9, y - 44, x - 6, y + 72, 2), (255, 255, 255), 0.4)
            c.shape(ellipse(x, y + 46, 5, 5), (24, 20, 16), 0.9)
            c.shape(rrect(x - 2, y + 46, x + 2, y + 58, 1), (24, 20, 16), 0.9)
        else:
            c.shape(moved(ellipse(x, y, 17, 17), 4, 6), (0, 0, 0), 0.45, 5)
            c.shape(ellipse(x, y, 17, 17), metal)
        arm = rrect(min(x - 9 * way, x + 74 * way), y - 8, max(x - 9 * way, x + 74 * way), y + 8, 8)
        c.shape(moved(arm, 5, 12), (0, 0, 0), 0.5, 6)
        tones = metal.stops if isinstance(metal, Grad) else ((0.0, (90, 90, 90)), (1.0, (30, 30, 30)))
        c.shape(arm, Grad(tones, 0))
        c.shape(moved(ellipse(x, y, 11, 11), 0, 0), metal)

    def pull(self, x: float, y0: float, y1: float, metal: Fill) -> None:
        """A long upright pull bar on two posts."""
        c = self.canvas
        bar = rrect(x - 7, y0, x + 7, y1, 7)
        c.shape(moved(bar, 12, 10), (0, 0, 0), 0.42, 7)
        c.shape(bar, metal)
        c.shape(rrect(x - 4.5, y0 + 6, x - 2, y1 - 6, 1), (255, 255, 255), 0.35)

    def groove(self, points: Points, metal: Rgb | None = None) -> None:
        """A milled line; with `metal` an inlaid strip."""
        if metal is None:
            self.seam(points, 3.2)
        else:
            self.canvas.line(moved(points, 1.6, 1.6), 5, (0, 0, 0), 0.35)
            self.canvas.line(points, 4.4, metal)
            self.canvas.line(moved(points, -1, -1), 1.2, lighter(metal, 0.6), 0.8)

    def finished(self) -> Image.Image:
        """The leaf with daylight falling off towards the bottom and a thin lit edge."""
        c = self.canvas
        c.shape(rrect(0, 0, self.w, self.h, 0), Grad.of((255, 250, 240), (120, 110, 100), angle=20), 0.08)
        c.shape(rrect(0, self.h * 0.5, self.w, self.h, 0), (0, 0, 0), 0.16, 120, clip=rrect(0, 0, self.w, self.h, 0))
        c.shape(rrect(0, 0, 3, self.h, 0), (255, 255, 255), 0.25)
        c.shape(rrect(self.w - 3, 0, self.w, self.h, 0), (0, 0, 0), 0.3)
        return c.finished()


def arch(box: Box, rise: float) -> list[tuple[float, float]]:
    x0, y0, x1, y1 = box
    return [(x0, y1), *ellipse((x0 + x1) / 2, y0 + rise, (x1 - x0) / 2, rise, 180, 360), (x1, y1)]


def panel_leaf(
    palette: Wood, seed: int, px: int, rows: list[Box], metal: Fill, rails: list[tuple[float, float]]
) -> Image.Image:
    """A frame-and-panel door."""
    leaf = Leaf(palette, seed, px)
    leaf.frame(64, rails)
    for i, box in enumerate(rows):
        leaf.panel(box, 20 + i)
    leaf.lever(LEAF_W - 34, 452, metal)
    return leaf.finished()


def arched_leaf(palette: Wood, seed: int, px: int) -> Image.Image:
    leaf = Leaf(palette, seed, px)
    leaf.frame(60, [(0, 190), (520, 590), (800, LEAF_H)])
    leaf.board((60, 60, 340, 250), 9, cathedral=0.2)
    leaf.arch_panel((72, 70, 328, 524), 118, 21)
    leaf.panel((72, 592, 328, 806), 22)
    leaf.lever(LEAF_W - 32, 470, BRASS)
    return leaf.finished()


def flush_leaf(palette: Wood, seed: int, px: int) -> Image.Image:
    """A flat veneer door with three inlaid metal lines and a long pull."""
    leaf = Leaf(palette, seed, px)
    leaf.board((0, 0, LEAF_W, LEAF_H), 1, cathedral=0.9)
    for y in (230, 440, 650):
        leaf.groove([(0, y), (LEAF_W, y)], (198, 164, 104))
    leaf.groove([(96, 0), (96, LEAF_H)], (198, 164, 104))
    leaf.pull(LEAF_W - 44, 300, 600, BLACK)
    return leaf.finished()


def french_leaf(seed: int, px: int, palette: Wood, gold: Rgb) -> Image.Image:
    """White lacquer with applied mouldings and thin gold lines."""
    leaf = Leaf(palette, seed, px)
    leaf.board((0, 0, LEAF_W, LEAF_H), 1, cathedral=0.0)
    for box in ((54.0, 54.0, 346.0, 400.0), (54.0, 432.0, 346.0, 530.0), (54.0, 562.0, 346.0, 826.0)):
        inside = leaf.bevel(box, 7, False, 0.8)
        inside = leaf.bevel(inside, 6, True, 0.55)
        x0, y0, x1, y1 = inside
        leaf.canvas.line(
            [(x0 + 13, y0 + 13), (x1 - 13, y0 + 13), (x1 - 13, y1 - 13), (x0 + 13, y1 - 13), (x0 + 13, y0 + 11)],
            3.4,
            gold,
        )
        leaf.canvas.line([(x0 + 13, y0 + 11), (x1 - 13, y0 + 11)], 1.2, lighter(gold, 0.5))
    leaf.lever(LEAF_W - 27, 470, BRASS)
    return leaf.finished()


def glazed_leaf(palette: Wood, seed: int, px: int, fluted: bool, metal: Fill) -> Image.Image:
    leaf = Leaf(palette, seed, px)
    leaf.frame(62, [(0, 84), (580, 652), (806, LEAF_H)])
    leaf.glass((70, 92, 330, 572), fluted)
    leaf.panel((66, 656, 334, 802), 20)
    leaf.lever(LEAF_W - 32, 470, metal, plate=False)
    return leaf.finished()


def grid_leaf(palette: Wood, seed: int, px: int) -> Image.Image:
    """A narrow-framed door of eight clear panes."""
    leaf = Leaf(palette, seed, px)
    leaf.frame(48, [(0, 56), (820, LEAF_H)])
    for row in range(4):
        for col in range(2):
            x, y = 58 + col * 147, 66 + row * 190
            leaf.board((x - 10, y - 10, x + 147, y + 190), 30 + row, cathedral=0.1)
    for row in range(4):
        for col in range(2):
            x, y = 58 + col * 147, 66 + row * 190
            leaf.glass((x, y, x + 137, y + 178), fluted=False)
    leaf.lever(LEAF_W - 25, 452, BLACK, plate=False)
    return leaf.finished()


def barn_leaf(palette: Wood, seed: int, px: int) -> Image.Image:
    """Planks behind a Z brace, an iron pull."""
    leaf = Leaf(palette, seed, px, 440)
    rnd = random.Random(seed)
    for i in range(5):
        leaf.board((i * 88, 0, i * 88 + 88, LEAF_H), 40 + rnd.randrange(999), cathedral=0.7)
        leaf.seam([(i * 88, 0), (i * 88, LEAF_H)], 3)
    brace = [(72, 812), (112, 812), (368, 68), (328, 68)]
    art = wood(seed + 77, leaf.canvas.px(60), leaf.canvas.px(760), palette, 0.1)
    leaf.canvas.shape(moved(brace, 6, 8), (0, 0, 0), 0.45, 6)
    leaf.canvas.shape(brace, art)
    for box in (
        (0.0, 0.0, 440.0, 70.0),
        (0.0, 810.0, 440.0, LEAF_H),
        (0.0, 0.0, 70.0, LEAF_H),
        (370.0, 0.0, 440.0, LEAF_H),
    ):
        across = box[2] - box[0] > box[3] - box[1]
        leaf.canvas.shape(moved(rrect(*box, 0), 6, 8), (0, 0, 0), 0.4, 6)
        leaf.board(box, 50 + int(box[1]), across=across, cathedral=0.1)
        leaf.bevel(box, 3, False, 0.7)
    for x, y in ((35, 35), (405, 35), (35, 845), (405, 845), (35, 440), (405, 440)):
        leaf.canvas.shape(ellipse(x + 2, y + 3, 8, 8), (0, 0, 0), 0.4, 2)
        leaf.canvas.shape(ellipse(x, y, 7, 7), darker((70, 70, 74), 0.3))
    leaf.pull(405, 480, 640, BLACK)
    return leaf.finished()
