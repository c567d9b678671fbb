"""Product pictures of the garlic farm."""

from __future__ import annotations

import random
from collections.abc import Callable

from kaibo.demo.art.brush import Canvas, Grad, Rgb, darker, ellipse, lighter, moved, rrect, smooth
from kaibo.demo.art.bulbs import AGED, BLACK_CLOVE, CLOVE, DEEP, FRESH, JADE, PALE, PEELED, PURPLE, SOLO, Skin
from kaibo.demo.art.pantry import basket, bowl, chilli, halved, heap, jar, net, put, roots, sprout, stalk, tag
from kaibo.demo.art.rooms import ground_shadow, studio, table, vignette
from kaibo.demo.art.texture import OAK, PINE, WALNUT, plaster, speckle


def mesh_bag(c: Canvas) -> None:
    table(c, 61, OAK, 560, (224, 214, 222))
    ground_shadow(c, 430, 850, 330, 50, 0.6)
    bag = smooth(
        [
            (400, 150),
            (480, 150),
            (520, 270),
            (680, 430),
            (730, 640),
            (680, 820),
            (430, 862),
            (180, 824),
            (120, 640),
            (190, 420),
            (360, 270),
        ]
    )
    inside = Canvas(1000, 1000, c.size_px)
    inside.shape(bag, (88, 40, 70))
    heap(
        inside,
        "bulb",
        (PURPLE, DEEP, PALE),
        ((330, 470, 3, 100), (260, 590, 4, 120), (200, 710, 4, 150), (210, 850, 4, 148)),
        176,
        3,
    )
    inside.cut(bag)
    c.place(inside.finished(), 500, 500, 1000)
    net(c, bag)
    c.shape(rrect(404, 232, 478, 268, 10), Grad.of((240, 200, 120), (190, 130, 60), angle=90))
    ruff = smooth([(392, 236), (360, 120), (410, 150), (440, 100), (474, 150), (524, 122), (488, 236)])
    c.shape(ruff, Grad.of((190, 70, 130), (140, 40, 96)), 0.85)
    tag(c, 560, 250, "紫皮蒜", "云南宾川")
    put(c, "bulb", PURPLE, 2, 800, 900, 210, 8)
    put(c, "clove", CLOVE, 1, 640, 940, 84, 64)
    put(c, "clove", CLOVE, 2, 560, 950, 78, -70)
    vignette(c, 0.24)


def solo_basket(c: Canvas) -> None:
    table(c, 71, WALNUT, 520, (228, 218, 204))

    def fill() -> None:
        heap(c, "solo", (SOLO, DEEP), ((330, 500, 3, 160), (240, 566, 4, 166), (300, 640, 4, 140)), 176, 9)

    basket(c, 490, 560, 350, 210, fill)
    put(c, "solo", SOLO, 1, 800, 930, 190, 10)
    halved(c, 190, 900, 170)
    vignette(c, 0.24)


def fresh(c: Canvas) -> None:
    table(c, 81, PINE, 340, (206, 222, 196))
    for i, (x, y, turn) in enumerate(((700, 420, -64), (640, 545, -72), (730, 675, -60), (610, 805, -76))):
        stalk(c, x - 40, y - 20, turn, i)
        roots(c, x + 112, y + 32)
        put(c, "bulb", (FRESH, PURPLE, PALE)[i % 3], i, x + 40, y + 60, 230, turn, 0.5)
    put(c, "bulb", FRESH, 3, 850, 930, 190, 12)
    vignette(c, 0.2)


def braid(c: Canvas) -> None:
    c.shape(rrect(0, 0, 1000, 1000, 0), plaster(91, (c.px(1000) // 2, c.px(1000) // 2), (206, 190, 172), 0.07))
    c.glow(300, 260, 700, 640, (255, 248, 232), 0.55)
    for cx in (340, 690):
        top = 90 if cx < 500 else 150
        c.shape(ellipse(cx, top - 22, 10, 10), (60, 50, 46))
        c.line(smooth([(cx, top - 20), (cx - 12, top + 30), (cx, top + 60)], closed=False), 6, (150, 110, 60))
        for i in range(5):
            y = top + 40 + i * 26
            for way in (-1, 1):
                band = smooth([(cx - 20 * way, y), (cx + 16 * way, y + 14), (cx + 4 * way, y + 44)], closed=False)
                c.line(band, [22, 30, 20], Grad.of((228, 206, 160), (170, 140, 90), angle=60))
                c.line(band, 2, (120, 90, 50), 0.5)
        spots = [(dx, row) for row in range(6) for dx in ((-78, 78) if row % 2 else (-112, 0, 112))]
        for dx, row in spots:
            y = top + 270 + row * 92
            c.shape(ellipse(cx + dx + 22, y - 40, 74, 70), (50, 30, 20), 0.28, 18)
        for n, (dx, row) in enumerate(spots):
            y = top + 270 + row * 92
            put(c, "bulb", (PURPLE, DEEP, PALE)[n % 3], n, cx + dx * (1 - row * 0.06), y, 168, -dx * 0.28, 0)
    vignette(c, 0.26)


def _cloves_inside(skin: Skin, liquid: Rgb, shape: str = "clove", size: float = 120) -> Callable[[Canvas], None]:
    def fill(inner: Canvas) -> None:
        inner.shape(
            rrect(0, 0, inner.width, inner.height, 0), Grad.of(lighter(liquid, 0.2), liquid, darker(liquid, 0.35))
        )
        rnd = random.Random(size)
        for row in range(6):
            for col in range(5):
                put(
                    inner,
                    shape,
                    skin,
                    rnd.randrange(9),
                    20 + col * 92 + (row % 2) * 40,
                    150 + row * 84,
                    size,
                    rnd.uniform(-80, 80),
                    0.0,
                )
        inner.shape(rrect(0, 0, inner.width, inner.height, 0), liquid, 0.22)

    return fill


def _paste_inside(inner: Canvas) -> None:
    """Garlic sauce: golden oil above, chopped garlic and chilli."""
    inner.shape(rrect(0, 0, inner.width, inner.height, 0), Grad.of((236, 170, 70), (226, 170, 84), (204, 138, 62)))
    rnd = random.Random(4)
    tones: tuple[Rgb, ...] = (
        (250, 226, 160),
        (244, 206, 126),
        (206, 70, 40),
        (232, 184, 100),
        (255, 238, 190),
        (176, 52, 34),
    )
    for _ in range(620):
        x, y, r = rnd.uniform(0, inner.width), rnd.uniform(70, inner.height), rnd.uniform(5, 13)
        tone = tones[min(5, int(rnd.random() ** 1.3 * 6))]
        inner.shape(ellipse(x + 2, y + 3, r, r * 0.75), (110, 54, 16), 0.35)
        inner.shape(ellipse(x, y, r, r * 0.75), tone, 0.92)
    inner.shape(rrect(0, 40, inner.width, 100, 0), (232, 150, 50), 0.55, 12)


def black_garlic(c: Canvas) -> None:
    table(c, 101, WALNUT, 560, (64, 56, 58))
    jar(
        c,
        350,
        820,
        370,
        560,
        _cloves_inside(BLACK_CLOVE, (46, 30, 26)),
        (196, 160, 92),
        ("黑蒜", "发酵熟成 250g"),
        (34, 26, 28),
    )
    put(c, "bulb", AGED, 1, 700, 800, 230, 10)
    for i, (x, y, t) in enumerate(((560, 900, 60), (650, 925, -64), (760, 905, 80), (850, 880, -30))):
        put(c, "clove", BLACK_CLOVE, i, x, y, 100, t, 0.5)
    vignette(c, 0.4)


def sauce(c: Canvas) -> None:
    studio(c, (240, 218, 182))
    jar(c, 620, 760, 300, 450, _paste_inside, (170, 40, 44), ("蒜蓉酱", "香辣 210g"), (250, 236, 206))
    jar(c, 350, 840, 350, 520, _paste_inside, (210, 160, 60), ("蒜蓉酱", "原味 210g"), (250, 236, 206))
    put(c, "bulb", PURPLE, 0, 770, 900, 200, 8)
    for i, (x, y, t) in enumerate(((560, 915, 70), (620, 940, -60))):
        put(c, "clove", PEELED, i, x, y, 84, t, 0.4)
    for x, y, bend in ((150, 880, 0.3), (190, 915, -0.1)):
        chilli(c, x, y, bend)
    vignette(c, 0.2)


def seed_bag(c: Canvas) -> None:
    table(c, 111, PINE, 560, (216, 220, 200))
    ground_shadow(c, 380, 820, 280, 46, 0.6)
    bag = smooth(
        [(180, 250), (590, 250), (612, 420), (632, 780), (600, 826), (170, 826), (136, 780), (158, 420)], steps=6
    )
    c.shape(bag, speckle(13, (c.px(500) // 2, c.px(580) // 2), (208, 172, 124), (160, 120, 76), 0.03))
    c.shape(rrect(120, 250, 200, 830, 0), (255, 245, 220), 0.35, 26, clip=bag)
    c.shape(rrect(560, 250, 640, 830, 0), (50, 26, 6), 0.4, 26, clip=bag)
    c.shape(rrect(176, 222, 594, 286, 6), Grad.of((226, 194, 148), (190, 150, 100)))
    c.line([(180, 268), (590, 268)], 2.4, (255, 250, 236), 0.9)
    c.shape(rrect(214, 400, 554, 690, 14), (250, 244, 230), 0.96)
    c.text(384, 466, "蒜种", 92, (96, 34, 76), "mm", 0.03)
    c.text(384, 552, "宾川紫皮 · 分瓣精选", 32, (92, 66, 40))
    c.line([(250, 590), (518, 590)], 2, (150, 110, 70), 0.7)
    c.text(384, 632, "非转基因  净含量见规格", 25, (120, 90, 60))
    for i, (x, y, t) in enumerate(
        (
            (700, 840, 62),
            (790, 800, -58),
            (770, 900, 75),
            (880, 868, 40),
            (640, 920, -76),
            (860, 945, -66),
            (560, 900, 48),
        )
    ):
        put(c, "clove", CLOVE, i, x, y, 104, t, 0.5)
    sprout(c, 800, 720)
    vignette(c, 0.2)


def peeled(c: Canvas) -> None:
    table(c, 121, OAK, 420, (206, 218, 222))

    def fill() -> None:
        heap(c, "clove", (PEELED,), ((290, 560, 5, 100), (240, 620, 6, 100), (270, 676, 6, 88)), 112, 21, 75)
        heap(c, "clove", (PEELED,), ((350, 540, 4, 96), (330, 600, 4, 90)), 112, 22, 75)

    bowl(c, 490, 540, 330, 250, fill)
    for i, (x, y, t) in enumerate(((160, 900, 70), (250, 930, -62), (820, 910, 66), (740, 945, -80))):
        put(c, "clove", PEELED, i, x, y, 92, t, 0.4)
    put(c, "bulb", PURPLE, 2, 890, 800, 180, 6)
    vignette(c, 0.2)


def pickled(c: Canvas) -> None:
    table(c, 131, PINE, 570, (222, 228, 206))
    jar(
        c,
        330,
        830,
        340,
        520,
        _cloves_inside(JADE, (206, 214, 140)),
        (96, 130, 72),
        ("腊八蒜", "米醋腌制 500g"),
        (248, 244, 222),
    )
    jar(
        c,
        690,
        830,
        340,
        520,
        _cloves_inside(AGED, (206, 150, 90), "bulb", 190),
        (150, 90, 50),
        ("糖蒜", "红糖腌制 500g"),
        (250, 236, 214),
    )
    put(c, "clove", JADE, 1, 480, 925, 88, 66)
    put(c, "clove", JADE, 2, 560, 945, 80, -60)
    vignette(c, 0.2)


def gift_box(c: Canvas) -> None:
    studio(c, (226, 208, 216))
    c.shape(moved(rrect(110, 240, 890, 800, 16), 20, 34), (60, 20, 40), 0.42, 30)
    c.shape(rrect(110, 240, 890, 800, 16), Grad.of((134, 44, 92), (92, 24, 62)))
    c.shape(rrect(136, 266, 864, 774, 8), (66, 16, 44))
    for row in range(3):
        for col in range(4):
            x, y = 146 + col * 180, 276 + row * 166
            c.shape(rrect(x, y, x + 168, y + 156, 8), Grad.of((250, 240, 214), (226, 204, 160)))
            c.shape(rrect(x, y, x + 168, y + 26, 0), (70, 40, 10), 0.35, 12, clip=rrect(x, y, x + 168, y + 156, 8))
            put(
                c,
                "bulb",
                (PURPLE, DEEP, PALE)[(row + col) % 3],
                row * 4 + col,
                x + 84,
                y + 150,
                150,
                (-6, 5, 2)[col % 3],
                0.4,
            )
    band = rrect(110, 822, 890, 922, 10)
    c.shape(moved(band, 10, 16), (60, 20, 40), 0.35, 14)
    c.shape(band, Grad.of((250, 238, 212), (232, 208, 166)))
    c.text(500, 872, "宾川紫皮蒜 · 十二头礼盒", 46, (104, 30, 72), "mm", 0.02)
    vignette(c, 0.2)


SCENES: dict[str, Callable[[Canvas], None]] = {
    "garlic-purple": mesh_bag,
    "garlic-solo": solo_basket,
    "garlic-fresh": fresh,
    "garlic-braid": braid,
    "garlic-black": black_garlic,
    "garlic-sauce": sauce,
    "garlic-seed": seed_bag,
    "garlic-peeled": peeled,
    "garlic-pickled": pickled,
    "garlic-gift": gift_box,
}
