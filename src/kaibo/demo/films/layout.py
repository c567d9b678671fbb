"""Where things stand in a film, and the lettering that lies over it.

The app lays its badge over the top 120 px, the chat over the lower left and a card over the lower right; on a tall phone
the sides are cropped to x 72..648. So everything that must be read stands between y 176 and 750, inside those sides.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PIL import Image

from kaibo.demo.art.brush import Canvas, Grad, Rgb, darker, ellipse, font, lighter, moved, rrect

WIDTH, HEIGHT, FPS = 720, 1280, 25
SAFE_LEFT, SAFE_RIGHT = 72, 648
TABLE_Y: Final = 819
MARK_WORDS: Final = "动画演示"
MARK_TEXT_PX: Final = 40
"""GB 45438-2025 asks for at least 5 % of the short side: 36 px of 720."""
MARK_BOX: Final = (456, 176, 648, 232)


def text_width(words: str, size: float) -> float:
    return font(round(size)).getlength(words)


@lru_cache(maxsize=4)
def mark() -> Image.Image:
    """The lasting mark 动画演示, to be laid at MARK_BOX."""
    w, h = MARK_BOX[2] - MARK_BOX[0], MARK_BOX[3] - MARK_BOX[1]
    c = Canvas(w, h, w)
    c.shape(rrect(0, 0, w, h, 12), (20, 18, 24), 0.55)
    c.text(w / 2, h / 2 - 1, MARK_WORDS, MARK_TEXT_PX, (255, 255, 255), "mm", 0.01)
    return c.finished()


@lru_cache(maxsize=64)
def subtitle(words: str) -> Image.Image:
    """One or two lines of what the host says, in a dark strip, 600 px wide."""
    lines = split_line(words, 540, 32)
    h = 22 + 44 * len(lines)
    c = Canvas(600, h, 600)
    c.shape(rrect(0, 0, 600, h, 18), (16, 14, 20), 0.62)
    for i, line in enumerate(lines):
        c.text(300, 11 + 22 + 44 * i, line, 32, (255, 255, 255), "mm", 0.012)
    return c.finished()


def split_line(words: str, width: float, size: float) -> list[str]:
    """At most two lines; broken after a comma where there is one near the middle."""
    if text_width(words, size) <= width:
        return [words]
    middle = len(words) / 2
    cuts = [i + 1 for i, ch in enumerate(words[:-1]) if ch in "，。：、"]
    cut = min(cuts, key=lambda i: abs(i - middle), default=round(middle))
    if max(text_width(words[:cut], size), text_width(words[cut:], size)) > width:
        cut = round(middle)
    return [words[:cut], words[cut:]]


@lru_cache(maxsize=32)
def headline(words: str, under: str, tone: Rgb) -> Image.Image:
    """A selling point: big letters with an outline, a line below on a ribbon; 600 × 150."""
    c = Canvas(600, 150, 600)
    size = min(64.0, 560 / max(1.0, text_width(words, 100)) * 100)
    for dx, dy in ((0, 4), (3, 3), (-3, 3)):
        c.text(300 + dx, 44 + dy, words, size, darker(tone, 0.72), "mm", 0.075, 0.55)
    c.text(300, 44, words, size, darker(tone, 0.55), "mm", 0.09)
    c.text(300, 44, words, size, (255, 255, 255), "mm", 0.028)
    if under:
        w = text_width(under, 30) + 56
        ribbon = rrect(300 - w / 2, 94, 300 + w / 2, 142, 24)
        c.shape(moved(ribbon, 0, 4), (0, 0, 0), 0.3, 4)
        c.shape(ribbon, Grad.of(lighter(tone, 0.12), darker(tone, 0.16)))
        c.text(300, 117, under, 30, (255, 255, 255), "mm", 0.012)
    return c.finished()


@lru_cache(maxsize=16)
def room_title(words: str, under: str, tone: Rgb) -> Image.Image:
    """The opening plate: 576 × 156."""
    c = Canvas(576, 156, 576)
    plate = rrect(6, 4, 570, 144, 22)
    c.shape(moved(plate, 0, 6), (0, 0, 0), 0.35, 6)
    c.shape(plate, Grad.of(lighter(tone, 0.10), darker(tone, 0.30), angle=20), 0.96)
    border = rrect(14, 12, 562, 136, 16)
    c.line([*border, border[0]], 2, (255, 255, 255), 0.5)
    c.text(288, 54, words, min(52.0, 500 / text_width(words, 100) * 100), (255, 255, 255), "mm", 0.03)
    c.text(288, 108, under, min(31.0, 500 / text_width(under, 100) * 100), lighter(tone, 0.78), "mm", 0.01)
    return c.finished()


def card(picture: Image.Image, title: str, tone: Rgb, px: int = 300) -> Image.Image:
    """A product picture on a white card with its name: `px` wide, 300 : 372."""
    c = Canvas(300, 372, px)
    face = rrect(8, 4, 292, 356, 20)
    c.shape(moved(face, 3, 8), (20, 10, 0), 0.4, 7)
    c.shape(face, (255, 255, 255))
    c.shape(rrect(20, 16, 280, 276, 12), picture)
    c.shape(ellipse(32, 316, 6, 6), tone)
    size = min(27.0, 224 / text_width(title, 100) * 100)
    c.text(46, 316, title, size, (50, 40, 40), "lm", 0.012)
    return c.finished()
