"""The garlic farm's own scenes: a bulb falls into cloves, bulbs are weighed."""

from __future__ import annotations

import math
from functools import lru_cache

from PIL import Image

from kaibo.demo.art import draw_product
from kaibo.demo.art.brush import Canvas, Grad, ellipse, rrect
from kaibo.demo.art.bulbs import CLOVE, DEEP, PALE, PURPLE, garlic
from kaibo.demo.films import layout
from kaibo.demo.films.actor import GREET, SHOW_DOWN
from kaibo.demo.films.scenes import PICTURE_PX, Paint, Scene, Stage, bounce, close_up, dim, ease, gallery

TONE = (150, 66, 124)
BULB_GRAMS = (318, 302, 327, 296, 311, 305, 322, 319)
"""Eight big bulbs; they make the 5 jin (2.5 kg) of the bag."""
WEIGH_SECONDS = 9.0
PLATE = (360.0, 545.0)
GOODS = (
    ("garlic-braid", "手编蒜辫"),
    ("garlic-black", "独头黑蒜"),
    ("garlic-sauce", "宾川蒜蓉酱"),
    ("garlic-pickled", "腊八蒜与糖蒜"),
)


def storyboard() -> tuple[Scene, ...]:
    purple, solo = "garlic-purple", "garlic-solo"
    return (
        Scene(6, lambda s: s.talk(GREET, 130, 0.9), None, (), opening=True),
        Scene(
            8,
            lambda s: s.with_card(purple, "紫皮大蒜 净重5斤", TONE),
            purple,
            ("外皮发紫，是因为这里昼夜温差大、光照足", "挖出来在棚里晾二十来天，皮干了才装袋"),
        ),
        Scene(6, peel, purple, ("掰开看，一瓣一瓣都是饱满的",), ("紫皮多瓣", "掰开就见")),
        Scene(WEIGH_SECONDS, weigh, purple, ("当场过秤，都是净重", "到五斤了，装袋"), ("现场过秤", "净重发货")),
        Scene(
            7,
            lambda s: s.with_card(solo, "紫皮独头蒜", TONE),
            solo,
            ("独头蒜一头就是一瓣，拍一下皮就掉", "做烤鱼、泡醋，用它方便"),
        ),
        Scene(
            5,
            lambda s: close_up(
                draw_product("garlic-fresh", PICTURE_PX), (0.74, 0.60, 0.50), (0.55, 0.56, 0.92), 5, TONE
            ),
            "garlic-fresh",
            ("早上挖，下午装箱，鲜蒜带秆发",),
            ("地头鲜蒜", "当天挖当天发"),
        ),
        Scene(
            4,
            lambda s: gallery(GOODS, TONE, 4),
            None,
            ("蒜辫、黑蒜、蒜蓉酱，都是自家做",),
        ),
        Scene(3, lambda s: s.talk(SHOW_DOWN, 130), None, ("想要几斤，看下面的购物袋选规格",)),
    )


def _sprite(shape: str, seed: int, width: int) -> Image.Image:
    skin = CLOVE if shape == "clove" else (PURPLE, DEEP, PALE)[seed % 3]
    art = garlic(shape, skin, seed % 4, 230)
    return art.resize((width, round(width * art.height / art.width)), Image.Resampling.LANCZOS)


def _put(frame: Image.Image, art: Image.Image, cx: float, cy: float) -> None:
    frame.paste(art, (round(cx - art.width / 2), round(cy - art.height / 2)), art)


def peel(stage: Stage) -> Paint:
    """A bulb trembles, then opens into six cloves like a flower."""
    base = stage.frame(0.0)
    dim(base, (250, 238, 246), 0.5)
    plate = Canvas(layout.WIDTH, layout.HEIGHT, layout.WIDTH)
    plate.shape(ellipse(360, 662, 262, 56), (60, 20, 40), 0.35, 14)
    plate.shape(ellipse(360, 646, 262, 58), Grad.of((255, 255, 255), (224, 226, 234)))
    plate.shape(ellipse(360, 642, 206, 40), Grad.of((232, 234, 240), (250, 250, 252)))
    plate.line(ellipse(360, 646, 250, 53), 3, (150, 84, 140), 0.8)
    dish = plate.finished()
    base.paste(dish, (0, 0), dish)
    bulb = _sprite("bulb", 0, 330)
    cloves = [_sprite("clove", i, 150) for i in range(4)]
    turned: dict[tuple[int, int], Image.Image] = {}

    def turn(i: int, degrees: float) -> Image.Image:
        key = (i % 4, round(degrees))
        if key not in turned:
            turned[key] = cloves[key[0]].rotate(-key[1], Image.Resampling.BICUBIC, expand=True)
        return turned[key]

    def paint(t: float) -> Image.Image:
        frame = base.copy()
        open_ = ease((t - 1.5) / 1.3)
        if open_ < 1:
            shake = 5 * math.sin(t * 38) * ease((t - 0.7) / 0.5) * (1 - open_)
            art = (
                bulb
                if open_ == 0
                else bulb.resize(
                    (max(2, round(330 * (1 - 0.3 * open_))), max(2, round(bulb.height * (1 - 0.3 * open_))))
                )
            )
            if open_ > 0:
                art = art.copy()
                art.putalpha(art.getchannel("A").point([round(v * (1 - open_)) for v in range(256)]))
            _put(frame, art, 360 + shake, 510)
        if open_ > 0:
            for i in (0, 5, 1, 4, 2, 3):
                lean = (i - 2.5) * 30 * open_
                radius = 150 * open_
                a = math.radians(lean - 90)
                _put(frame, turn(i, lean), 360 + radius * 1.25 * math.cos(a), 572 + radius * 0.75 * math.sin(a))
        return frame

    return paint


@lru_cache(maxsize=1)
def _scale() -> Image.Image:
    """A kitchen scale; its display is written over it."""
    c = Canvas(layout.WIDTH, layout.HEIGHT, layout.WIDTH)
    x, y = PLATE
    c.shape(ellipse(x, 830, 250, 20), (30, 10, 20), 0.45, 9)
    body = [(x - 170, y + 30), (x + 170, y + 30), (x + 216, 824), (x - 216, 824)]
    c.shape(body, Grad.of((250, 250, 252), (206, 210, 218)))
    c.shape(rrect(x - 120, y + 62, x + 120, y + 148, 12), (36, 44, 40))
    c.shape(rrect(x - 112, y + 70, x + 112, y + 140, 8), Grad.of((186, 214, 170), (162, 196, 150)))
    for i, dx in enumerate((-150, 150)):
        c.shape(ellipse(x + dx, y + 106, 15, 15), ((224, 92, 84), (96, 160, 110))[i])
    c.shape(rrect(x - 28, y + 6, x + 28, y + 40, 4), (150, 156, 166))
    c.shape(ellipse(x, y + 12, 240, 30), Grad.of((150, 156, 166), (110, 116, 126)))
    c.shape(ellipse(x, y, 244, 32), Grad.of((250, 252, 254), (186, 192, 202), angle=60))
    c.shape(ellipse(x, y - 3, 214, 24), Grad.of((206, 212, 220), (238, 240, 244)))
    return c.finished()


@lru_cache(maxsize=64)
def _display(grams: int) -> Image.Image:
    c = Canvas(224, 70, 224)
    c.text(190, 36, f"{grams / 1000:.2f}", 58, (28, 48, 30), "rm", 0.02)
    c.text(194, 48, "kg", 24, (28, 48, 30), "lm", 0.02)
    return c.finished()


def weigh(stage: Stage) -> Paint:
    """Eight bulbs drop on the scale; the display follows until it says 2.50 kg."""
    base = stage.frame(0.0)
    scale = _scale()
    base.paste(scale, (0, 0), scale)
    sprites = [_sprite("bulb", i, 120) for i in range(6)]
    x, y = PLATE
    spots = [(-172, 0), (-86, 0), (0, 0), (86, 0), (172, 0), (-84, -58), (2, -60), (88, -58)]
    order = [2, 0, 4, 1, 3, 5, 7, 6]

    def paint(t: float) -> Image.Image:
        frame = base.copy()
        grams = 0.0
        for n, i in enumerate(order):
            since = t - 0.4 - n * 0.72
            if since <= 0:
                continue
            dx, dy = spots[i]
            art = sprites[n % 6]
            end = y + 4 + dy - art.height / 2
            _put(frame, art, x + dx, 120 + (end - 120) * bounce(since / 0.8))
            grams += BULB_GRAMS[n] * ease((since - 0.42) / 0.35)
        art = _display(round(grams / 10) * 10)
        frame.paste(art, (round(x - 112), round(y + 70)), art)
        return frame

    return paint
