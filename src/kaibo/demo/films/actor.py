"""The host as an actor: parts drawn once, put together frame by frame."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from kaibo.demo.art.brush import Canvas, Point
from kaibo.demo.art.figure import Pose
from kaibo.demo.art.people import HOSTS, draw_person
from kaibo.demo.films.layout import FPS

FIGURE_W, FIGURE_H = 600, 900
STEPS = 30
"""Arm positions in one round of a gesture; one is held for two frames, as drawn animation does."""


@dataclass(frozen=True, slots=True)
class Gesture:
    """Where the hands swing: middle and reach of each, in figure units."""

    left: Point
    right: Point
    left_swing: Point = (6.0, 8.0)
    right_swing: Point = (8.0, 10.0)
    open_palm: bool = True


TALK = Gesture((176, 676), (424, 650), (16, 26), (22, 44))
GREET = Gesture((160, 700), (520, 330), (5, 8), (38, 8))
PRESENT = Gesture((168, 690), (556, 520), (6, 10), (12, 26))
SHOW_DOWN = Gesture((180, 700), (470, 680), (6, 10), (18, 22))


class Actor:
    """One host at one size; `px` is the width of the figure's box."""

    def __init__(self, shop: str, px: int) -> None:
        self.shop, self.px = shop, px
        self.height = round(px * FIGURE_H / FIGURE_W)
        self._chatter = random.Random(len(shop) * 17)
        self._mouths = [self._chatter.choice((0, 1, 2, 1, 2, 1)) for _ in range(400)]

    def draw(self, frame: Image.Image, x: int, y: int, seconds: float, gesture: Gesture, talking: bool = True) -> None:
        """Lay the host on an RGB frame with the box's corner at (x, y)."""
        number = round(seconds * FPS)
        y += round(2.0 * math.sin(seconds * 2.1))
        mouth = self._mouths[(number // 3) % 400] if talking and (number % 95) < 78 else 0
        step = (number // 2) % STEPS
        for art, at in (
            part(self.shop, self.px, "body", Pose()),
            part(self.shop, self.px, "head", Pose(mouth=mouth, blink=number % 83 < 4)),
            part(self.shop, self.px, "arms", _arms(gesture, step)),
        ):
            frame.paste(art, (x + at[0], y + at[1]), art)


def _arms(g: Gesture, step: int) -> Pose:
    a = math.tau * step / STEPS
    left = (g.left[0] + g.left_swing[0] * math.sin(a), g.left[1] + g.left_swing[1] * math.cos(a))
    right = (g.right[0] + g.right_swing[0] * math.sin(a + 0.6), g.right[1] + g.right_swing[1] * math.cos(a + 0.6))
    return Pose(left=left, right=right, open_palm=g.open_palm)


@lru_cache(maxsize=320)
def part(shop: str, px: int, which: str, pose: Pose) -> tuple[Image.Image, tuple[int, int]]:
    """A part cut to its content, and where it lies in the box."""
    c = Canvas(FIGURE_W, FIGURE_H, px)
    draw_person(c, HOSTS[shop], pose, parts=("back", "torso") if which == "body" else (which,))
    art = c.finished()
    box = art.getbbox() or (0, 0, 1, 1)
    return art.crop(box), (box[0], box[1])
