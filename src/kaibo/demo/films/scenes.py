"""Scenes that every room's film has: the place, the host with a card, a close-up, a gallery."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops

from kaibo.demo.art import backdrops, draw_product
from kaibo.demo.art.brush import Grad, Rgb, darker, gradient, mix
from kaibo.demo.films import layout
from kaibo.demo.films.actor import PRESENT, Actor, Gesture
from kaibo.demo.films.layout import HEIGHT, WIDTH

Paint = Callable[[float], Image.Image]
"""Seconds since the scene began (a little below zero while it fades in) to an RGB frame of WIDTH × HEIGHT."""
PICTURE_PX = 900
STAGE_W = 800
HOST_PX = 460
HOST_Y = layout.TABLE_Y - 660


@dataclass(frozen=True, slots=True)
class Scene:
    """`make` draws what the scene needs and returns its painter. `lines` are spoken one after another, evenly over the scene.
    `product_key` is what is on screen."""

    seconds: float
    make: Callable[[Stage], Paint]
    product_key: str | None = None
    lines: tuple[str, ...] = ()
    title: tuple[str, str] = ("", "")
    opening: bool = False


def ease(t: float) -> float:
    """0..1 to 0..1, slow at both ends."""
    t = max(0.0, min(1.0, t))
    return t * t * (3 - 2 * t)


def bounce(t: float) -> float:
    """A thing dropped: 0 at the start, 1 when it lies, with one hop."""
    if t <= 0:
        return 0.0
    if t < 0.6:
        return (t / 0.6) ** 2
    if t < 1.0:
        return 1 - 0.14 * math.sin(math.pi * (t - 0.6) / 0.4)
    return 1.0


class Stage:
    """The room's place as layers, and its host."""

    def __init__(self, shop: str) -> None:
        self.shop = shop
        self.actor = Actor(shop, HOST_PX)
        found = backdrops.layers(shop, STAGE_W, HEIGHT, STAGE_W)
        self._back = found[0].image.convert("RGB")
        self._layers = []
        for layer in found[1:]:
            box = layer.image.getbbox() or (0, 0, 1, 1)
            self._layers.append((layer.image.crop(box), box, layer.depth))
        shade = gradient((WIDTH, 400), Grad.of((0, 0, 0), (150, 150, 150))).convert("L")
        self._shade = (Image.new("RGB", (WIDTH, 400), (10, 6, 8)), shade)
        self._still: dict[tuple[float, bool], Image.Image] = {}

    def frame(self, pan: float, actor_at: Callable[[Image.Image], None] | None = None) -> Image.Image:
        """The place with the camera at `pan` (-1..1); `actor_at` paints what stands behind the table."""
        spare = (STAGE_W - WIDTH) / 2
        base = self._place(pan, front=False)
        if actor_at:
            actor_at(base)
        front, box, _ = self._layers[-1]
        base.paste(front, (round(box[0] - spare - pan * spare), box[1]), front)
        base.paste(self._shade[0], (0, HEIGHT - 400), self._shade[1])
        return base

    def _place(self, pan: float, front: bool) -> Image.Image:
        """Everything behind the host; kept while the camera rests."""
        key = (round(pan, 3), front)
        if key not in self._still:
            spare = (STAGE_W - WIDTH) / 2
            x = spare + pan * spare * 0.3
            base = (
                self._back.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, (1, 0, x, 0, 1, 0))
                if x % 1
                else self._back
            )
            base = base.crop((0, 0, WIDTH, HEIGHT)) if base.size != (WIDTH, HEIGHT) else base
            for art, box, depth in self._layers[:-1]:
                base.paste(art, (round(box[0] - spare - pan * spare * depth), box[1]), art)
            if len(self._still) > 3:
                self._still.clear()
            self._still[key] = base
        return self._still[key].copy()

    def talk(
        self, gesture: Gesture, x: int, sway: float = 0.0, extra: Callable[[Image.Image, float], None] | None = None
    ) -> Paint:
        """The host speaking behind the table at `x`; `extra` paints over the finished frame."""

        def paint(t: float) -> Image.Image:
            pan = round(math.sin(t * 0.35) * sway, 2) if sway else 0.0
            frame = self.frame(pan, lambda base: self.actor.draw(base, x, HOST_Y, t, gesture))
            if extra:
                extra(frame, t)
            return frame

        return paint

    def with_card(self, product_key: str, name: str, tone: Rgb) -> Paint:
        """The host beside a card of the product that drifts in."""
        art = layout.card(draw_product(product_key, 520), name, tone)

        def card(frame: Image.Image, t: float) -> None:
            slide = round((1 - ease(t / 0.7 + 0.3)) * 260)
            lift = round(4 * math.sin(t * 1.6))
            frame.paste(art, (358 + slide, 258 + lift), art)

        return self.talk(PRESENT, -44, extra=card)


def dim(frame: Image.Image, colour: Rgb, share: float) -> None:
    """Veil the place above the table, so that what stands in front is seen."""
    size = (WIDTH, layout.TABLE_Y + 20)
    frame.paste(Image.new("RGB", size, colour), (0, 0), Image.new("L", size, round(255 * share)))


def close_up(
    picture: Image.Image, start: tuple[float, float, float], end: tuple[float, float, float], seconds: float, tone: Rgb
) -> Paint:
    """A slow move over a picture. `start` and `end` are centre x, centre y and width, as shares of the picture."""
    band_h = 700
    back = gradient(
        (WIDTH, HEIGHT), Grad.of(mix(tone, (255, 255, 255), 0.7), mix(tone, (255, 255, 255), 0.25), darker(tone, 0.45))
    )
    mask = Image.new("L", (WIDTH, band_h), 255)
    for edge, flip in ((0, False), (band_h - 90, True)):
        fade = gradient((WIDTH, 90), Grad.of((0, 0, 0), (255, 255, 255))).convert("L")
        mask.paste(fade.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if flip else fade, (0, edge))

    def paint(t: float) -> Image.Image:
        at = ease(t / seconds)
        cx, cy, share = (a + (b - a) * at for a, b in zip(start, end, strict=True))
        w = share * picture.width
        h = w * band_h / WIDTH
        left = max(0.0, min(picture.width - w, cx * picture.width - w / 2))
        top = max(0.0, min(picture.height - h, cy * picture.height - h / 2))
        band = picture.resize((WIDTH, band_h), Image.Resampling.BILINEAR, (left, top, left + w, top + h))
        frame = back.copy()
        frame.paste(band, (0, 150), mask)
        return frame

    return paint


def gallery(goods: tuple[tuple[str, str], ...], tone: Rgb, seconds: float) -> Paint:
    """Cards in a row, (product key, name) each, passing by over a glossy shelf."""
    side, gap, top = 340, 40, 250
    wide = Image.new("RGB", (len(goods) * (side + gap) + 240, HEIGHT))
    wide.paste(
        gradient(wide.size, Grad.of((252, 248, 242), mix(tone, (255, 255, 255), 0.55), darker(tone, 0.25))), (0, 0)
    )
    for i, (key, name) in enumerate(goods):
        art = layout.card(draw_product(key, 520), name, tone, side)
        x = 140 + i * (side + gap)
        wide.paste(art, (x, top), art)
        mirror = art.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        fade = gradient(art.size, Grad.of((76, 76, 76), (0, 0, 0), (0, 0, 0))).convert("L")
        wide.paste(mirror, (x, top + round(side * 1.19)), ImageChops.multiply(fade, mirror.getchannel("A")))

    def paint(t: float) -> Image.Image:
        x = (wide.width - WIDTH) * max(0.0, min(1.0, (t + 0.4) / (seconds + 0.8)))
        return wide.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, (1, 0, x, 0, 1, 0), Image.Resampling.BILINEAR)

    return paint
