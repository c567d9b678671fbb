"""Flat-style figures: the three hosts and the faces of the crowd.

A figure stands in a box of 600 × 900 units, cut at the hip. The head is about 180 wide; the light comes from the left.
"""

from __future__ import annotations

import math
import random

from kaibo.demo.art.brush import Canvas, Grad, Point, darker, ellipse, lighter, mix, moved, rrect, smooth
from kaibo.demo.art.figure import FOREARM, SHOULDERS, UPPER_ARM, Figure, Pose, Who
from kaibo.demo.art.heads import hair_back, head

HOSTS: dict[str, Who] = {
    "doors": Who(
        (236, 190, 152),
        (74, 70, 70),
        "short",
        (64, 92, 120),
        "apron",
        (150, 98, 58),
        glasses=True,
        age_lines=True,
        lips=(186, 98, 84),
    ),
    "tissue": Who((250, 214, 188), (70, 46, 40), "bob", (238, 245, 251), "apron", (96, 172, 220), lips=(222, 96, 100)),
    "garlic": Who((238, 192, 154), (40, 30, 32), "braid", (250, 246, 240), "vest", (136, 52, 104), lips=(206, 84, 92)),
}


def viewer(seed: int) -> Who:
    """A face for a member of the crowd."""
    rnd = random.Random(seed * 31 + 7)
    skin = rnd.choice(((250, 214, 188), (240, 198, 164), (226, 180, 144), (246, 206, 176)))
    hair = rnd.choice(((44, 34, 34), (74, 50, 40), (104, 68, 46), (58, 58, 64), (150, 146, 144)))
    cut = rnd.choice(("short", "bob", "bun", "curly", "cap"))
    top = rnd.choice(((222, 104, 92), (92, 150, 196), (110, 168, 122), (238, 184, 92), (150, 126, 188), (84, 104, 132)))
    extra = rnd.choice(((250, 250, 250), (60, 72, 96), (244, 206, 120), (198, 84, 104)))
    return Who(
        skin,
        hair,
        cut,
        top,
        rnd.choice(("tee", "shirt")),
        extra,
        rnd.random() < 0.3,
        cut == "short" and rnd.random() < 0.25,
        age_lines=hair[0] > 140,
    )


PARTS = ("back", "torso", "head", "arms")


def draw_person(
    c: Canvas,
    who: Who,
    pose: Pose,
    ox: float = 0.0,
    oy: float = 0.0,
    scale: float = 1.0,
    parts: tuple[str, ...] = PARTS,
) -> None:
    """Paint the figure, or some of its parts from back to front, with its box's corner at (ox, oy)."""
    figure = Figure(c, ox, oy, scale)
    if "back" in parts:
        hair_back(figure, who, pose)
    if "torso" in parts:
        _torso(figure, who)
    if "head" in parts:
        head(figure, who, pose)
    if "arms" in parts:
        _arm(figure, who, SHOULDERS[0], pose.left, -1, pose.open_palm)
        _arm(figure, who, SHOULDERS[1], pose.right, 1, pose.open_palm)


def _torso(f: Figure, who: Who) -> None:
    body = smooth(
        [
            (300, 400),
            (352, 412),
            (430, 452),
            (462, 560),
            (452, 720),
            (462, 930),
            (138, 930),
            (148, 720),
            (138, 560),
            (170, 452),
            (248, 412),
        ]
    )
    f.shape(body, Grad(((0.0, lighter(who.top, 0.10)), (0.6, who.top), (1.0, darker(who.top, 0.18))), 60))
    if who.garb == "apron":
        bib = smooth(
            [(232, 520), (368, 520), (384, 640), (440, 700), (448, 930), (152, 930), (160, 700), (216, 640)], steps=6
        )
        f.shape(bib, Grad.of(lighter(who.extra, 0.08), darker(who.extra, 0.14), angle=20), clip=body)
        for way in (-1, 1):
            f.line([(300 + 62 * way, 526), (300 + 66 * way, 424)], 17, darker(who.extra, 0.10))
        f.shape(rrect(250, 700, 350, 800, 12), darker(who.extra, 0.12))
        f.line([(256, 716), (344, 716)], 3, lighter(who.extra, 0.3), 0.7)
        f.shape(
            smooth(
                [(246, 404), (300, 446), (354, 404), (372, 424), (318, 480), (300, 460), (282, 480), (228, 424)],
                steps=5,
            ),
            lighter(who.top, 0.25),
        )
    elif who.garb == "vest":
        _vest(f, who, body)
    else:
        f.shape(ellipse(300, 404, 58, 34), who.skin)
        if who.garb == "shirt":
            for way in (-1, 1):
                f.shape(
                    [(300, 450), (300 + 62 * way, 396), (300 + 80 * way, 440), (300 + 34 * way, 488)],
                    lighter(who.top, 0.3),
                )


def _vest(f: Figure, who: Who, body: list[Point]) -> None:
    for way in (-1, 1):
        panel = smooth(
            [
                (300 + 30 * way, 520),
                (300 + 60 * way, 424),
                (300 + 118 * way, 452),
                (300 + 158 * way, 600),
                (300 + 158 * way, 930),
                (300 + 12 * way, 930),
            ],
            steps=6,
        )
        f.shape(panel, Grad.of(lighter(who.extra, 0.12), darker(who.extra, 0.16), angle=20), clip=body)
        edge = smooth([(300 + 58 * way, 430), (300 + 30 * way, 530), (300 + 14 * way, 900)], closed=False)
        f.line(edge, 10, (240, 186, 90))
        f.line(edge, 3, (214, 70, 110))
    f.shape(smooth([(254, 404), (300, 462), (346, 404), (330, 396), (270, 396)], steps=5), who.skin)
    for yy in (560, 620, 680):
        f.shape(ellipse(300, yy, 8, 8), (240, 186, 90))


def _elbow(shoulder: Point, hand: Point, way: int) -> Point:
    """Two-bone reach: where the elbow is, bent outwards."""
    dx, dy = hand[0] - shoulder[0], hand[1] - shoulder[1]
    d = max(40.0, min(math.hypot(dx, dy), UPPER_ARM + FOREARM - 1))
    base = math.atan2(dy, dx)
    bend = math.acos(max(-1.0, min(1.0, (UPPER_ARM**2 + d * d - FOREARM**2) / (2 * UPPER_ARM * d))))
    both = [
        (shoulder[0] + UPPER_ARM * math.cos(base + turn), shoulder[1] + UPPER_ARM * math.sin(base + turn))
        for turn in (bend, -bend)
    ]
    return max(both, key=lambda p: p[1] * 0.6 + p[0] * way)


def _arm(f: Figure, who: Who, shoulder: Point, hand: Point, way: int, palm: bool) -> None:
    elbow = _elbow(shoulder, hand, way)
    path = smooth([shoulder, elbow, hand], closed=False, steps=14)
    cuff = path[-7:]
    tone = darker(who.top, 0.06)
    f.line(moved(path, 4, 8), [74, 60, 50, 38], (30, 20, 30), 0.10)
    f.line(cuff, [40, 34, 30], who.skin)
    f.shape(ellipse(shoulder[0], shoulder[1] + 2, 37, 37), tone)
    f.line(path[:-6], [74, 66, 56, 48], tone)
    end, before = path[-7], path[-9]
    f.line([before, end], 52, lighter(who.top, 0.22) if who.garb != "apron" else darker(who.top, 0.12))
    _hand(f, who, hand, math.degrees(math.atan2(hand[1] - path[-6][1], hand[0] - path[-6][0])), way, palm)


def _hand(f: Figure, who: Who, at: Point, angle: float, way: int, palm: bool) -> None:
    x, y = at
    tone = who.skin
    edge = mix(tone, (150, 70, 60), 0.25)
    f.shape(ellipse(x, y, 25, 24), tone)
    spread = (-40, -16, 8, 30) if palm else (-18, -6, 6, 18)
    reach = 46 if palm else 30
    for turn in spread:
        a = math.radians(angle + turn)
        tip = (x + reach * math.cos(a), y + reach * math.sin(a))
        f.line([(x + 8 * math.cos(a), y + 8 * math.sin(a)), tip], [15, 12], tone)
        f.shape(ellipse(*tip, 6.4, 6.4), tone)
    a = math.radians(angle + 70 * (-way))
    tip = (x + 36 * math.cos(a), y + 36 * math.sin(a))
    f.line([(x, y), tip], [17, 12], tone)
    f.shape(ellipse(*tip, 6.4, 6.4), tone)
    f.line(smooth([(x - 12, y + 8), (x, y + 13), (x + 12, y + 6)], closed=False), [1, 3, 1], edge, 0.6)
