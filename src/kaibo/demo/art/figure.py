"""What a figure is made from: its looks, its pose, and a canvas in the figure's own units."""

from __future__ import annotations

from dataclasses import dataclass

from kaibo.demo.art.brush import Canvas, Grad, Point, Points, Rgb

HEAD: Point = (300.0, 250.0)
SHOULDERS: tuple[Point, Point] = ((196.0, 470.0), (404.0, 470.0))
UPPER_ARM, FOREARM = 150.0, 150.0


@dataclass(frozen=True, slots=True)
class Who:
    """How a person looks. hair: short, bob, braid, bun, cap, curly; garb: apron, vest, tee, shirt."""

    skin: Rgb
    hair_tone: Rgb
    hair: str
    top: Rgb
    garb: str
    extra: Rgb
    glasses: bool = False
    beard: bool = False
    lips: Rgb = (196, 92, 84)
    age_lines: bool = False


@dataclass(frozen=True, slots=True)
class Pose:
    """mouth 0 closed, 1 half, 2 open; hands are where each hand is, in figure units."""

    mouth: int = 0
    blink: bool = False
    left: Point = (150.0, 700.0)
    right: Point = (450.0, 700.0)
    nod: float = 0.0
    open_palm: bool = True


class Figure:
    """The canvas moved and scaled to the figure's own units."""

    def __init__(self, canvas: Canvas, ox: float, oy: float, scale: float) -> None:
        self.canvas, self.ox, self.oy, self.scale = canvas, ox, oy, scale

    def at(self, points: Points) -> list[Point]:
        return [(self.ox + x * self.scale, self.oy + y * self.scale) for x, y in points]

    def shape(
        self, points: Points, fill: Rgb | Grad, alpha: float = 1.0, blur: float = 0.0, clip: Points | None = None
    ) -> None:
        self.canvas.shape(self.at(points), fill, alpha, blur * self.scale, self.at(clip) if clip is not None else None)

    def line(self, points: Points, width: float | list[float], fill: Rgb | Grad, alpha: float = 1.0) -> None:
        w = [v * self.scale for v in width] if isinstance(width, list) else width * self.scale
        self.canvas.line(self.at(points), w, fill, alpha)
