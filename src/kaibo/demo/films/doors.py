"""The door workshop's own scenes: grain under moving light, a door that opens."""

from __future__ import annotations

import math
from functools import lru_cache

from PIL import Image

from kaibo.demo.art import draw_product
from kaibo.demo.art.brush import Canvas, Grad, ellipse, gradient, moved, rrect, warp_coefficients
from kaibo.demo.art.doors import casing, leaf_picture
from kaibo.demo.art.rooms import wall_and_floor
from kaibo.demo.art.texture import OAK, WALNUT, wood
from kaibo.demo.films.actor import GREET, SHOW_DOWN
from kaibo.demo.films.layout import HEIGHT, WIDTH
from kaibo.demo.films.scenes import PICTURE_PX, Paint, Scene, Stage, close_up, ease, gallery

TONE = (190, 128, 70)
DOORWAY = (232.0, 398.0, 488.0, 946.0)
GOODS = (
    ("door-oak-flush", "原橡木色平板门"),
    ("door-white-french", "象牙白法式门"),
    ("door-grey-glass", "长虹玻璃门"),
    ("door-pine-barn", "松木谷仓门"),
)


def storyboard() -> tuple[Scene, ...]:
    walnut = "door-walnut-four"
    return (
        Scene(6, lambda s: s.talk(GREET, 130, 0.9), None, (), opening=True),
        Scene(
            8,
            lambda s: s.with_card(walnut, "胡桃木色四方格门", TONE),
            walnut,
            ("这扇是四方格的老样式，线条铣完再手工打磨", "门芯是实木龙骨加多层板，敲着声音是闷的"),
        ),
        Scene(6, grain, walnut, ("胡桃木皮，开放漆，摸得到棕眼",), ("纹理看得见", "天然木皮 · 每扇不同")),
        Scene(
            8,
            opening,
            walnut,
            ("锁体带磁吸，关门听不到咔哒那一声", "合页两片，轻轻一推就到位"),
            ("静音开合", "磁吸锁体 · 不锈钢合页"),
        ),
        Scene(
            7,
            lambda s: s.with_card("door-cherry-arch", "樱桃木色拱形门", TONE),
            "door-cherry-arch",
            ("上面这个拱，先弯线条再拼芯板", "颜色拿不准，可以先拍一套样块"),
        ),
        Scene(
            5,
            lambda s: close_up(
                draw_product("door-samples", PICTURE_PX), (0.30, 0.34, 0.62), (0.62, 0.66, 0.70), 5, TONE
            ),
            "door-samples",
            ("样块背面有编号，定门的时候报编号",),
            ("先看颜色再定门", "六色样块"),
        ),
        Scene(
            5,
            lambda s: gallery(GOODS, TONE, 5),
            None,
            ("平板、法式、玻璃、谷仓门都能定作",),
        ),
        Scene(3, lambda s: s.talk(SHOW_DOWN, 130), None, ("尺寸发给我们，商品都在下面的购物袋里",)),
    )


def grain(stage: Stage) -> Paint:
    """Walnut from near, a band of light wandering over it."""
    board = Image.new("RGB", (1000, 1500))
    for i in range(3):
        board.paste(wood(140 + i * 7, 340, 1500, WALNUT, 0.9), (i * 336, 0))
        board.paste(Image.new("RGB", (3, 1500), (30, 16, 10)), (i * 336 - 3, 0))
    beam = gradient((520, HEIGHT), Grad.of((0, 0, 0), (120, 120, 120), (0, 0, 0), angle=90)).convert("L")
    beam = beam.transform((900, HEIGHT), Image.Transform.AFFINE, (1, 0.28, -190, 0, 1, 0), Image.Resampling.BILINEAR)
    light = Image.new("RGB", beam.size, (255, 232, 196))

    def paint(t: float) -> Image.Image:
        zoom = 1.0 - 0.22 * ease(t / 6)
        w, h = 800 * zoom, 800 * zoom * HEIGHT / WIDTH
        x, y = 60 + 12 * t, 20 + 8 * t
        frame = board.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, (x, y, x + w, min(1500.0, y + h)))
        frame.paste(light, (round(-900 + (t + 0.4) / 6.6 * 1500), 0), beam)
        return frame

    return paint


@lru_cache(maxsize=1)
def _room() -> tuple[Image.Image, Image.Image, Image.Image]:
    """The wall with the empty doorway, the leaf, and the light that falls on the floor when the door stands open."""
    c = Canvas(WIDTH, HEIGHT, WIDTH)
    wall_and_floor(c, 212, (212, 204, 190), OAK, DOORWAY[3])
    x0, y0, x1, y1 = DOORWAY
    casing(c, DOORWAY, WALNUT, 214, 34)
    way = rrect(x0, y0, x1, y1, 0)
    c.shape(way, Grad.of((255, 240, 206), (250, 222, 170), (214, 176, 124)))
    c.shape(rrect(x0, y1 - 96, x1, y1, 0), Grad.of((176, 132, 88), (206, 164, 116)))
    window = rrect(x0 + 60, y0 + 80, x1 - 60, y0 + 270, 6)
    c.shape(window, Grad.of((190, 226, 246), (240, 250, 236)))
    c.shape(ellipse(x0 + 100, y0 + 270, 70, 60), (140, 180, 120), 0.8, clip=window)
    c.line([(x0 + 128, y0 + 80), (x0 + 128, y0 + 270)], 7, (255, 255, 255))
    c.line([(x0 + 60, y0 + 172), (x1 - 60, y0 + 172)], 7, (255, 255, 255))
    c.line([*window, window[0]], 8, (255, 255, 255))
    c.shape(rrect(x0 + 40, y1 - 190, x1 - 40, y1 - 110, 20), Grad.of((150, 168, 176), (110, 130, 140)))
    c.shape(rrect(x0 + 30, y1 - 150, x1 - 30, y1 - 84, 16), Grad.of((172, 188, 196), (126, 146, 156)))
    c.glow(x0 + 146, y0 + 230, 180, 260, (255, 250, 224), 0.7)
    leaf = leaf_picture("door-walnut-four", round(x1 - x0) * 2).resize(
        (round(x1 - x0), round(y1 - y0)), Image.Resampling.LANCZOS
    )
    spill = Canvas(WIDTH, HEIGHT, WIDTH)
    floor = [(x0 + 20, y1), (x1, y1), (x1 + 170, HEIGHT), (x0 + 120, HEIGHT)]
    spill.shape(floor, (255, 226, 160), 0.55, 12)
    spill.shape(moved(floor, 40, 0), (255, 240, 200), 0.2, 30)
    return c.finished().convert("RGB"), leaf.convert("RGBA"), spill.finished()


def opening(stage: Stage) -> Paint:
    """The door swings towards the viewer on its left hinges, rests, and falls to without a sound."""
    room, leaf, spill = _room()
    x0, y0, x1, y1 = DOORWAY
    w, h = x1 - x0, y1 - y0
    rays = spill.getchannel("A")
    light = spill.convert("RGB")

    def paint(t: float) -> Image.Image:
        angle = math.radians(74) * (ease((t - 0.7) / 2.4) - ease((t - 4.9) / 2.3))
        frame = room.copy()
        share = math.sin(angle)
        if share > 0.01:
            frame.paste(light, (0, 0), rays.point([round(v * share) for v in range(256)]))
        fx, near = x0 + w * math.cos(angle), 0.10 * h * share
        quad = [(x0, y0), (fx, y0 - near), (fx, y1 + near), (x0, y1)]
        left, top = math.floor(x0), math.floor(y0 - near)
        size = (max(2, math.ceil(fx) - left), math.ceil(y1 + near) - top)
        local = [(x - left, y - top) for x, y in quad]
        art = leaf.transform(
            size, Image.Transform.PERSPECTIVE, warp_coefficients(local, *leaf.size), Image.Resampling.BILINEAR
        )
        frame.paste(art, (left, top), art)
        if share > 0.01:
            shade = art.getchannel("A").point([round(v * 0.42 * share) for v in range(256)])
            frame.paste((24, 12, 6), (left, top), shade)
            edge = round(10 * share)
            frame.paste((122, 82, 52), (round(fx), round(y0 - near), round(fx) + edge, round(y1 + near)))
        return frame

    return paint
