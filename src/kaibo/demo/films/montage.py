"""Puts a film together: which scene a moment belongs to, the cross-fade to the next, the lettering on top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from kaibo.demo import catalogue
from kaibo.demo.art.brush import Rgb
from kaibo.demo.films import doors, garlic, layout, tissue
from kaibo.demo.films.layout import FPS
from kaibo.demo.films.scenes import Paint, Scene, Stage, ease

FADE_FRAMES = 9
LINES_BOTTOM = 748
_BOARDS = {"doors": doors.storyboard, "tissue": tissue.storyboard, "garlic": garlic.storyboard}
_TONES: dict[str, Rgb] = {"doors": doors.TONE, "tissue": tissue.TONE, "garlic": garlic.TONE}


@dataclass(frozen=True, slots=True)
class FilmScene:
    """A part of a film, in seconds from its start; `product_key` is what is on screen, if anything."""

    starts: float
    ends: float
    product_key: str | None


def storyboard(shop: str) -> tuple[Scene, ...]:
    if shop not in _BOARDS:
        raise KeyError(f"no film for {shop!r}; there are {', '.join(_BOARDS)}")
    return _BOARDS[shop]()


def timeline(shop: str) -> tuple[FilmScene, ...]:
    """When what is on screen; drawn from nothing, so it costs nothing."""
    out, at = [], 0.0
    for scene in storyboard(shop):
        out.append(FilmScene(at, at + scene.seconds, scene.product_key))
        at += scene.seconds
    return tuple(out)


def frames(shop: str, first: int = 0, count: int | None = None) -> Iterator[Image.Image]:
    """RGB frames of WIDTH × HEIGHT from number `first` on, at FPS. The last fades into the first."""
    board = storyboard(shop)
    stage = Stage(shop)
    paints: dict[int, Paint] = {}

    def painter(i: int) -> Paint:
        if i not in paints:
            paints[i] = board[i].make(stage)
        return paints[i]

    lengths = [round(scene.seconds * FPS) for scene in board]
    total = sum(lengths)
    for number in range(first, total if count is None else min(total, first + count)):
        i, within = 0, number
        while within >= lengths[i]:
            within -= lengths[i]
            i += 1
        frame = painter(i)(within / FPS)
        left = lengths[i] - within
        if left <= FADE_FRAMES:
            following = (i + 1) % len(board)
            nearly = painter(following)(-left / FPS)
            frame = Image.blend(frame, nearly, ease(1 - left / (FADE_FRAMES + 1)))
        letter(frame, shop, board[i], within / FPS, left / FPS)
        yield frame


def letter(frame: Image.Image, shop: str, scene: Scene, t: float, left: float) -> None:
    """Title, spoken line and mark. They come and go within the scene, so that none is ever drawn over another."""
    tone = _TONES[shop]
    shown = ease(min(t / 0.45, left / 0.35))
    if scene.opening:
        place, line = _split_title(catalogue.shop(shop).room_title)
        _lay(frame, layout.room_title(place, line, tone), 72, 566 + round(26 * (1 - shown)), shown)
    if scene.title[0]:
        _lay(frame, layout.headline(*scene.title, tone), 60, 238 - round(18 * (1 - shown)), shown)
    if scene.lines:
        each = scene.seconds / len(scene.lines)
        n = min(len(scene.lines) - 1, int(t / each))
        since, until = t - n * each, (n + 1) * each - t
        strip = layout.subtitle(scene.lines[n])
        _lay(frame, strip, 60, LINES_BOTTOM - strip.height, ease(min(since / 0.25, until / 0.2)))
    mark = layout.mark()
    frame.paste(mark, layout.MARK_BOX[:2], mark)


def _split_title(words: str) -> tuple[str, str]:
    for sign in ("：", "，"):
        if sign in words:
            head, _, tail = words.partition(sign)
            return head, tail
    return words, ""


def _lay(frame: Image.Image, art: Image.Image, x: int, y: int, alpha: float) -> None:
    if alpha <= 0:
        return
    mask = art if alpha >= 1 else art.getchannel("A").point([round(v * alpha) for v in range(256)])
    frame.paste(art, (x, y), mask)
