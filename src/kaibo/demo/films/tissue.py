"""The tissue mill's own scenes: the wet-paper test and a sheet drawn from the pack."""

from __future__ import annotations

import math
from functools import lru_cache

from PIL import Image, ImageDraw

from kaibo.demo.art import draw_product
from kaibo.demo.art.brush import Canvas, Grad, ellipse, rrect
from kaibo.demo.films import layout
from kaibo.demo.films.actor import GREET, SHOW_DOWN
from kaibo.demo.films.scenes import PICTURE_PX, Paint, Scene, Stage, bounce, close_up, dim, ease, gallery

TONE = (58, 140, 196)
BALLS = 5
TEST_SECONDS = 13.0
FIRST_BALL, BALL_EVERY = 5.0, 1.25
RIM = (360.0, 470.0, 210.0, 40.0)
"""Centre and radii of the ring that holds the sheet."""
GOODS = (
    ("tissue-carton-24", "亲肤抽纸整箱"),
    ("tissue-kitchen", "厨房用纸"),
    ("tissue-face-towel", "棉柔洗脸巾"),
    ("tissue-hanging", "悬挂式抽纸"),
)


def storyboard() -> tuple[Scene, ...]:
    sky = "tissue-sky-10"
    return (
        Scene(6, lambda s: s.talk(GREET, 130, 0.9), None, (), opening=True),
        Scene(
            8,
            lambda s: s.with_card(sky, "云柔抽纸 3层100抽", TONE),
            sky,
            ("这包是三层一百抽，抽数印在包装上", "一会儿把它打湿，放钢珠给大家看"),
        ),
        Scene(
            TEST_SECONDS,
            wet_test,
            sky,
            (
                "先铺平一张，四边用圈压住",
                "滴水，让整张纸湿透",
                "一枚一枚放钢珠，慢慢看",
                "动画示意，实际以收到的实物为准",
            ),
            ("湿水实验", "三层纸 · 湿透之后放钢珠"),
        ),
        Scene(
            7,
            lambda s: s.with_card("tissue-bamboo", "竹浆本色抽纸", TONE),
            "tissue-bamboo",
            ("本色就是不漂白，颜色是竹子的颜色", "竹纤维细长，拉一下有韧劲"),
        ),
        Scene(
            6,
            lambda s: close_up(
                draw_product("tissue-roll-solid", PICTURE_PX), (0.42, 0.70, 0.52), (0.50, 0.56, 0.92), 6, TONE
            ),
            "tissue-roll-solid",
            ("没有纸芯，沿着点断线撕，撕口整齐",),
            ("无芯整卷", "5层加厚"),
        ),
        Scene(
            5,
            lambda s: gallery(GOODS, TONE, 5),
            None,
            ("抽纸、厨房纸、洗脸巾、挂抽都有",),
        ),
        Scene(3, lambda s: s.talk(SHOW_DOWN, 130), None, ("要囤货的看下面的购物袋，箱装更省心",)),
    )


@lru_cache(maxsize=1)
def _ball() -> Image.Image:
    c = Canvas(60, 60, 60)
    c.shape(ellipse(30, 30, 27, 27), Grad.of((240, 244, 248), (150, 160, 170), (70, 80, 92), angle=24))
    c.shape(ellipse(21, 19, 8, 6), (255, 255, 255), 0.95)
    c.shape(ellipse(36, 46, 10, 5), (200, 214, 224), 0.5)
    return c.finished()


@lru_cache(maxsize=1)
def _drop() -> Image.Image:
    c = Canvas(30, 44, 30)
    c.shape([(15, 2), (25, 24), *ellipse(15, 28, 11, 11, 0, 180), (5, 24)], Grad.of((200, 236, 252), (84, 168, 222)))
    c.shape(ellipse(11, 26, 3, 5), (255, 255, 255), 0.9)
    return c.finished()


@lru_cache(maxsize=1)
def _stand() -> Image.Image:
    """The ring on its two posts, the back half of the rim first."""
    c = Canvas(layout.WIDTH, layout.HEIGHT, layout.WIDTH)
    cx, cy, rx, ry = RIM
    for way in (-1, 1):
        x = cx + way * (rx + 6)
        c.shape(ellipse(x, 824, 62, 15), (20, 50, 80), 0.35, 6)
        c.shape(rrect(x - 54, 802, x + 54, 824, 10), Grad.of((96, 132, 160), (56, 88, 116)))
        c.shape(rrect(x - 9, cy, x + 9, 806, 5), Grad.of((226, 234, 240), (142, 160, 176), (92, 112, 130), angle=90))
    c.line(ellipse(cx, cy, rx + 6, ry + 4, 180, 360), 12, (120, 142, 160))
    return c.finished()


@lru_cache(maxsize=8)
def _count(number: int) -> Image.Image:
    c = Canvas(176, 60, 176)
    c.shape(rrect(2, 2, 174, 58, 16), (255, 255, 255), 0.94)
    c.text(88, 29, f"已放 {number} 枚", 32, (24, 92, 150), "mm", 0.02)
    return c.finished()


def _sheet(sag: float, wet: float) -> tuple[Image.Image, Image.Image]:
    """The sheet in its ring, `sag` px deep in the middle, `wet` 0..1, drawn at twice its size on 480 × 260; and the veil that its
    near side lays over what lies in it, clearer the wetter it is."""
    w, h, k = 480, 260, 2
    cx, cy, rx, ry = 240.0, 50.0, RIM[2], RIM[3]
    art = Image.new("RGBA", (w * k, h * k), (0, 0, 0, 0))
    pen = ImageDraw.Draw(art)

    def belly(share: float, depth: float) -> list[tuple[float, float]]:
        points = []
        for i in range(61):
            u = -1 + i / 30
            fall = max(0.0, 1 - abs(u) ** 2.2) ** 1.2
            points.append(
                ((cx + rx * share * u) * k, (cy + ry * share * math.sqrt(max(0.0, 1 - u * u)) * 0.9 + depth * fall) * k)
            )
        return points

    for way in (-1, 1):
        edge = cx + way * rx
        flap = [
            (edge - way * 26, cy - 12),
            (edge + way * 14, cy - 4),
            (edge + way * 30, cy + 74),
            (edge + way * 4, cy + 66),
            (edge - way * 14, cy + 80),
        ]
        pen.polygon([(x * k, y * k) for x, y in flap], fill=(240, 244, 248, 255))
        pen.line([(edge * k, cy * k), ((edge + way * 10) * k, (cy + 68) * k)], fill=(206, 214, 224, 255), width=3)
    rim = [((cx + rx * math.cos(a / 30 * math.pi)) * k, (cy + ry * math.sin(a / 30 * math.pi)) * k) for a in range(61)]
    under = [*belly(1.0, sag), ((cx + rx) * k, cy * k), ((cx - rx) * k, cy * k)]
    pen.polygon(under, fill=(232 - round(30 * wet), 238 - round(16 * wet), 244, 255))
    pen.polygon(rim, fill=(255 - round(18 * wet), 255 - round(8 * wet), 255, 255))
    for i in range(1, 7):
        share = 1 - i / 7
        ring = [
            (
                (cx + rx * share * math.cos(a / 30 * math.pi)) * k,
                (cy + sag * (1 - share**2) * 0.55 + ry * share * math.sin(a / 30 * math.pi)) * k,
            )
            for a in range(61)
        ]
        shade = round(252 - 9 * i * min(1.0, sag / 60) - 16 * wet)
        pen.polygon(
            ring, fill=(shade - 6 - round(12 * wet), shade, min(255, shade + 8), 255), outline=(206, 218, 230, 255)
        )
    if wet > 0:
        size = 0.15 + 0.78 * wet
        y = cy + sag * 0.3
        box = ((cx - rx * size) * k, (y - ry * size) * k, (cx + rx * size) * k, (y + ry * size) * k)
        pen.ellipse(box, outline=(150, 200, 228, 120), width=3)
    veil = Image.new("L", art.size, 0)
    cover = ImageDraw.Draw(veil)
    cover.polygon(under, fill=round(205 - 60 * wet))
    cover.polygon(rim, fill=0)
    front = art.copy()
    front.putalpha(veil)
    return art.reduce(k), front.reduce(k)


def wet_test(stage: Stage) -> Paint:
    """Water drips until the sheet is wet through; then steel balls are laid on it one by one. The host looks on."""
    base = stage.frame(0.0)
    dim(base, (40, 100, 156), 0.5)
    stand = _stand()
    base.paste(stand, (0, 0), stand)
    cx, cy, rx, ry = RIM
    front = Canvas(layout.WIDTH, 120, layout.WIDTH)
    front.line(ellipse(cx, 40, rx + 6, ry + 4, 0, 180), 13, (96, 118, 138))
    front.line(ellipse(cx, 37, rx + 6, ry + 4, 4, 176), 4, (232, 240, 246))
    rim = front.finished()
    sheets: dict[tuple[int, int], tuple[Image.Image, Image.Image]] = {}

    def sheet(sag: float, wet: float) -> tuple[Image.Image, Image.Image]:
        key = (round(sag), round(wet * 20))
        if key not in sheets:
            sheets[key] = _sheet(key[0], key[1] / 20)
        return sheets[key]

    def paint(t: float) -> Image.Image:
        frame = base.copy()
        wet = ease((t - 1.6) / 3.0)
        laid = [bounce((t - FIRST_BALL - i * BALL_EVERY) / 0.9) for i in range(BALLS)]
        weight = sum(ease((t - FIRST_BALL - i * BALL_EVERY - 0.45) / 0.5) for i in range(BALLS))
        sag = (
            10
            + 14 * wet
            + 19 * weight
            + (2.0 * math.sin(t * 9) * math.exp(-((t * 1.0) % BALL_EVERY) * 3) if weight else 0)
        )
        art, veil = sheet(sag, wet)
        frame.paste(art, (round(cx - 240), round(cy - 50)), art)
        _drip(frame, t, cy)
        _balls(frame, laid, cx, cy + sag * 0.62)
        frame.paste(veil, (round(cx - 240), round(cy - 50)), veil)
        frame.paste(rim, (0, round(cy - 40)), rim)
        if t > FIRST_BALL + 0.5:
            number = sum(1 for i in range(BALLS) if t > FIRST_BALL + i * BALL_EVERY + 0.5)
            plate = _count(number)
            frame.paste(plate, (470, 386), plate)
        return frame

    return paint


def _drip(frame: Image.Image, t: float, cy: float) -> None:
    drop = _drop()
    for i in range(9):
        fall = (t - 1.2 - i * 0.36) / 0.42
        if 0 < fall < 1:
            frame.paste(drop, (round(330 + 52 * math.sin(i * 2.4)), round(376 + (cy - 392) * fall * fall)), drop)


def _balls(frame: Image.Image, laid: list[float], cx: float, floor_y: float) -> None:
    ball = _ball()
    for i, share in enumerate(laid):
        if share > 0:
            dx = (0, -52, 52, -26, 28)[i]
            rise = (0, 4, 4, 40, 40)[i]
            y = 300 + (floor_y - rise - 300) * share
            frame.paste(ball, (round(cx + dx - 30), round(y - 30)), ball)
