"""Heads: face, mouth, hair, headdress."""

from __future__ import annotations

import math

from kaibo.demo.art.brush import Grad, Point, Rgb, darker, ellipse, lighter, mix, moved, rrect, smooth
from kaibo.demo.art.figure import HEAD, Figure, Pose, Who


def _head_shape(x: float, y: float) -> list[Point]:
    return smooth(
        [
            (x, y - 104),
            (x + 66, y - 82),
            (x + 86, y - 10),
            (x + 72, y + 58),
            (x + 32, y + 100),
            (x, y + 108),
            (x - 32, y + 100),
            (x - 72, y + 58),
            (x - 86, y - 10),
            (x - 66, y - 82),
        ]
    )


def head(f: Figure, who: Who, pose: Pose) -> None:
    x, y = HEAD[0], HEAD[1] + pose.nod
    shade = mix(who.skin, (150, 70, 60), 0.28)
    neck = [
        (x - 38, y + 70),
        (x + 38, y + 70),
        (x + 42, y + 150),
        *ellipse(x, y + 152, 42, 24, 0, 180),
        (x - 42, y + 150),
    ]
    f.shape(neck, who.skin)
    f.shape(ellipse(x, y + 106, 62, 46), shade, 0.7, clip=neck)
    for way in (-1, 1):
        f.shape(ellipse(x + 86 * way, y + 12, 17, 25), mix(who.skin, shade, 0.35))
        f.shape(ellipse(x + 87 * way, y + 14, 8, 14), shade, 0.6)
    skull = _head_shape(x, y)
    f.shape(skull, who.skin)
    f.shape(moved(skull, 54, 14), shade, 0.22, 14, clip=skull)
    f.shape(ellipse(x - 52, y + 44, 20, 13), (240, 120, 110), 0.30, 6)
    f.shape(ellipse(x + 52, y + 44, 20, 13), (240, 120, 110), 0.30, 6)
    _face(f, who, pose, x, y, shade)
    _hair_front(f, who, x, y)


def _face(f: Figure, who: Who, pose: Pose, x: float, y: float, shade: Rgb) -> None:
    brow = darker(who.hair_tone, 0.1)
    for way in (-1, 1):
        ex = x + 35 * way
        f.line(
            smooth([(ex - 20, y - 24 - 2 * way), (ex, y - 33), (ex + 20, y - 24 + 2 * way)], closed=False),
            [4, 8, 4],
            brow,
        )
        if pose.blink:
            f.line(smooth([(ex - 15, y + 4), (ex, y + 9), (ex + 15, y + 4)], closed=False), [3, 5, 3], (50, 34, 34))
        else:
            f.shape(ellipse(ex, y + 3, 15, 13), (255, 255, 255))
            f.shape(ellipse(ex + 1, y + 3, 10, 12), (52, 36, 34))
            f.shape(ellipse(ex - 3, y - 2, 4, 4.4), (255, 255, 255))
            f.line(smooth([(ex - 17, y + 1), (ex - 2, y - 12), (ex + 17, y)], closed=False), [3, 5.5, 3], (50, 34, 34))
    f.line(
        smooth([(x - 3, y + 10), (x - 11, y + 33), (x + 4, y + 38)], closed=False),
        [2, 4, 3],
        mix(shade, (130, 60, 50), 0.35),
        0.8,
    )
    if who.age_lines:
        for way in (-1, 1):
            f.line(
                smooth([(x + 26 * way, y + 36), (x + 42 * way, y + 56), (x + 40 * way, y + 72)], closed=False),
                [1, 3, 1],
                shade,
                0.9,
            )
            f.line([(x + 66 * way, y - 2), (x + 74 * way, y - 6)], 2, shade, 0.9)
    _mouth(f, who, pose, x, y + 64)
    if who.beard:
        f.shape(
            smooth(
                [
                    (x - 54, y + 56),
                    (x - 30, y + 84),
                    (x + 30, y + 84),
                    (x + 54, y + 56),
                    (x + 34, y + 104),
                    (x, y + 112),
                    (x - 34, y + 104),
                ]
            ),
            who.hair_tone,
            0.85,
        )
    if who.glasses:
        for way in (-1, 1):
            ring = rrect(x + 35 * way - 29, y - 20, x + 35 * way + 29, y + 28, 20)
            f.line([*ring, ring[0]], 4.5, (58, 50, 52))
            f.shape(ring, (255, 255, 255), 0.12)
            f.line([(x + 64 * way, y - 4), (x + 86 * way, y - 2)], 4, (58, 50, 52))
        f.line(smooth([(x - 7, y - 2), (x, y - 6), (x + 7, y - 2)], closed=False), 4.5, (58, 50, 52))


def _mouth(f: Figure, who: Who, pose: Pose, x: float, y: float) -> None:
    if pose.mouth == 0:
        f.line(smooth([(x - 26, y - 2), (x, y + 11), (x + 26, y - 2)], closed=False), [3, 6, 3], who.lips)
        return
    w, h = (24, 16) if pose.mouth == 1 else (27, 30)
    lips = smooth(
        [(x - w, y - 4), (x, y - 2), (x + w, y - 4), (x + w * 0.7, y + h * 0.6), (x, y + h), (x - w * 0.7, y + h * 0.6)]
    )
    f.shape(lips, (124, 42, 44))
    f.shape(rrect(x - w * 0.8, y - 8, x + w * 0.8, y + 4, 3), (255, 252, 248), clip=lips)
    f.shape(ellipse(x, y + h, w * 0.6, h * 0.42), (224, 108, 104), clip=lips)
    f.line([*lips, lips[0]], 3, who.lips)


def hair_back(f: Figure, who: Who, pose: Pose) -> None:
    x, y = HEAD[0], HEAD[1] + pose.nod
    tone = darker(who.hair_tone, 0.16)
    if who.hair == "bob":
        f.shape(
            smooth(
                [
                    (x, y - 128),
                    (x + 92, y - 92),
                    (x + 116, y + 20),
                    (x + 112, y + 120),
                    (x + 60, y + 138),
                    (x - 60, y + 138),
                    (x - 112, y + 120),
                    (x - 116, y + 20),
                    (x - 92, y - 92),
                ]
            ),
            tone,
        )
    elif who.hair == "bun":
        f.shape(ellipse(x, y - 134, 46, 42), who.hair_tone)
        f.shape(ellipse(x, y - 20, 98, 104), tone)
    elif who.hair == "braid":
        f.shape(ellipse(x, y - 10, 100, 112), tone)
    elif who.hair == "curly":
        for i in range(14):
            a = math.radians(140 + i * 260 / 13)
            f.shape(ellipse(x + 88 * math.cos(a), y - 14 + 92 * math.sin(a), 34, 34), tone)


def _hair_front(f: Figure, who: Who, x: float, y: float) -> None:
    tone, shine = who.hair_tone, lighter(who.hair_tone, 0.22)
    if who.hair == "short":
        f.shape(
            smooth(
                [
                    (x - 90, y + 4),
                    (x - 96, y - 62),
                    (x - 58, y - 116),
                    (x + 10, y - 130),
                    (x + 76, y - 106),
                    (x + 97, y - 50),
                    (x + 90, y + 4),
                    (x + 80, y - 40),
                    (x + 50, y - 68),
                    (x - 20, y - 62),
                    (x - 70, y - 54),
                ],
                steps=8,
            ),
            tone,
        )
        f.line(smooth([(x - 50, y - 98), (x, y - 112), (x + 46, y - 100)], closed=False), [2, 8, 2], shine, 0.6)
    elif who.hair in ("bob", "bun"):
        f.shape(
            smooth(
                [
                    (x - 96, y + 26),
                    (x - 104, y - 44),
                    (x - 66, y - 112),
                    (x, y - 130),
                    (x + 66, y - 112),
                    (x + 104, y - 44),
                    (x + 96, y + 26),
                    (x + 78, y - 30),
                    (x + 30, y - 66),
                    (x - 26, y - 52),
                    (x - 72, y - 30),
                ],
                steps=8,
            ),
            tone,
        )
        f.line(smooth([(x - 64, y - 84), (x - 10, y - 108), (x + 50, y - 94)], closed=False), [2, 9, 2], shine, 0.6)
    elif who.hair == "curly":
        for i in range(9):
            a = math.radians(190 + i * 160 / 8)
            f.shape(ellipse(x + 76 * math.cos(a), y - 30 + 80 * math.sin(a), 31, 29), tone)
    elif who.hair == "cap":
        _cap(f, who, x, y)
    else:
        _headscarf(f, who, x, y)


def _cap(f: Figure, who: Who, x: float, y: float) -> None:
    f.shape(
        smooth(
            [(x - 92, y - 30), (x - 82, y - 96), (x, y - 132), (x + 82, y - 96), (x + 92, y - 30), (x, y - 58)],
            steps=8,
        ),
        who.extra,
    )
    f.shape(
        smooth([(x - 96, y - 34), (x, y - 70), (x + 96, y - 34), (x + 70, y - 22), (x, y - 46), (x - 70, y - 22)]),
        darker(who.extra, 0.3),
    )


def _headscarf(f: Figure, who: Who, x: float, y: float) -> None:
    """An embroidered band with a white fringe, after the Bai headdress, and a braid over the shoulder."""
    tone = who.hair_tone
    f.shape(
        smooth(
            [
                (x - 94, y + 20),
                (x - 100, y - 40),
                (x - 60, y - 108),
                (x + 60, y - 108),
                (x + 100, y - 40),
                (x + 94, y + 20),
                (x + 74, y - 34),
                (x, y - 56),
                (x - 74, y - 34),
            ],
            steps=8,
        ),
        tone,
    )
    for i in range(6):
        t = i / 5
        f.shape(
            ellipse(x + 104 + 8 * math.sin(t * 3), y + 70 + i * 44, 27 - 2 * i, 30),
            tone if i % 2 else lighter(tone, 0.12),
        )
    f.shape(ellipse(x + 108, y + 330, 15, 12), (214, 70, 110))
    band = smooth(
        [
            (x - 104, y - 48),
            (x - 70, y - 122),
            (x, y - 148),
            (x + 70, y - 122),
            (x + 104, y - 48),
            (x + 62, y - 84),
            (x, y - 96),
            (x - 62, y - 84),
        ]
    )
    f.shape(band, Grad.of((255, 252, 250), (246, 226, 236)))
    for i in range(7):
        a = math.radians(200 + i * 140 / 6)
        cx, cy = x + 88 * math.cos(a), y - 40 + 82 * math.sin(a)
        for k in range(5):
            b = math.radians(k * 72)
            f.shape(
                ellipse(cx + 7 * math.cos(b), cy + 7 * math.sin(b), 5.5, 5.5),
                ((222, 72, 112), (120, 60, 140), (240, 150, 60))[i % 3],
            )
        f.shape(ellipse(cx, cy, 4, 4), (255, 226, 120))
    for i in range(9):
        f.line([(x - 106 + i * 4, y - 44 + i * 1.5), (x - 116 + i * 4, y + 60 + i * 3)], 2.4, (255, 255, 255), 0.95)
