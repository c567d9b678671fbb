"""Product pictures of the door workshop."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from kaibo.demo.art import leaves
from kaibo.demo.art.brush import Canvas, Grad, Rgb, darker, ellipse, lighter, moved, rrect
from kaibo.demo.art.leaves import BLACK, BRASS, LEAF_H, STEEL
from kaibo.demo.art.rooms import ground_shadow, studio, sunbeam, vignette, wall_and_floor
from kaibo.demo.art.texture import ASH_GREY, CHERRY, OAK, PINE, WALNUT, WHITE, Wood, laid, speckle, wood

FLOOR_Y = 880.0


def leaf_picture(key: str, px: int) -> Image.Image:
    """The bare leaf of a door product, `px` pixels wide: the films open and close it."""
    return LEAVES[key](px)


LEAVES: dict[str, Callable[[int], Image.Image]] = {
    "door-walnut-four": lambda px: leaves.panel_leaf(
        WALNUT,
        11,
        px,
        [
            (70.0, 92.0, 194.0, 400.0),
            (206.0, 92.0, 330.0, 400.0),
            (70.0, 476.0, 194.0, 792.0),
            (206.0, 476.0, 330.0, 792.0),
        ],
        BRASS,
        [(0, 92), (400, 476), (792, LEAF_H)],
    ),
    "door-oak-flush": lambda px: leaves.flush_leaf(OAK, 23, px),
    "door-cherry-arch": lambda px: leaves.arched_leaf(CHERRY, 31, px),
    "door-white-french": lambda px: leaves.french_leaf(41, px, WHITE, (196, 158, 92)),
    "door-pine-barn": lambda px: leaves.barn_leaf(PINE, 53, px),
    "door-grey-glass": lambda px: leaves.glazed_leaf(ASH_GREY, 61, px, True, BLACK),
    "door-walnut-double": lambda px: leaves.panel_leaf(
        WALNUT,
        73,
        px,
        [(68.0, 80.0, 332.0, 330.0), (68.0, 356.0, 332.0, 520.0), (68.0, 546.0, 332.0, 800.0)],
        BRASS,
        [(0, 80), (330, 356), (520, 546), (800, LEAF_H)],
    ),
    "door-oak-study": lambda px: leaves.grid_leaf(OAK, 83, px),
}


def casing(c: Canvas, box: leaves.Box, palette: Wood, seed: int, face: float = 40) -> None:
    """The frame round an opening: two jambs and a head, mitred, standing proud of the wall."""
    x0, y0, x1, y1 = box
    o = face
    c.shape(rrect(x0 - o + 14, y0 - o + 18, x1 + o + 20, y1, 2), (20, 12, 8), 0.42, 14)
    upright = wood(seed, c.px(o), c.px(y1 - y0 + o), palette, 0.1)
    head = laid(wood(seed + 1, c.px(o), c.px(x1 - x0 + 2 * o), palette, 0.1))
    c.shape([(x0 - o, y0 - o), (x0, y0), (x0, y1), (x0 - o, y1)], upright)
    c.shape([(x1 + o, y0 - o), (x1, y0), (x1, y1), (x1 + o, y1)], upright)
    c.shape([(x0 - o, y0 - o), (x1 + o, y0 - o), (x1, y0), (x0, y0)], head)
    for d, alpha in ((3.0, 0.35), (o * 0.4, 0.22), (o * 0.5, -0.28), (o - 4, 0.4)):
        tone = (255, 246, 230) if alpha > 0 else (0, 0, 0)
        c.line(
            [(x0 - o + d, y1), (x0 - o + d, y0 - o + d), (x1 + o - d, y0 - o + d), (x1 + o - d, y1)],
            3,
            tone,
            abs(alpha),
        )
    c.line([(x0, y1), (x0, y0), (x1, y0), (x1, y1)], 6, (0, 0, 0), 0.55, 2)


def hung(c: Canvas, key: str, box: leaves.Box, mirrored: bool = False) -> None:
    """A leaf in its opening, its bottom edge in shadow on the floor."""
    x0, y0, x1, y1 = box
    art = leaf_picture(key, c.px(x1 - x0) // 2)
    if mirrored:
        art = art.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    c.shape(rrect(x0, y0, x1, y1, 0), art.resize((c.px(x1 - x0), c.px(y1 - y0)), Image.Resampling.LANCZOS))
    c.shape(rrect(x0, y0, x1, y0 + 14, 0), (0, 0, 0), 0.4, 7, clip=rrect(x0, y0, x1, y1, 0))
    c.shape(rrect(x0, y0, x0 + 8, y1, 0), (0, 0, 0), 0.35, 5, clip=rrect(x0, y0, x1, y1, 0))


def room_with_door(
    c: Canvas,
    key: str,
    wall: Rgb,
    palette: Wood,
    boards: Wood,
    seed: int,
    decor: Callable[[Canvas], None] | None = None,
    x: float = 315.0,
) -> None:
    wall_and_floor(c, seed, wall, boards, FLOOR_Y)
    box = (x, 92.0, x + 352.0, FLOOR_Y)
    casing(c, box, palette, seed + 5)
    hung(c, key, box)
    sheen(c, box)
    if decor:
        decor(c)
    sunbeam(c, 150, 0, 880, alpha=0.13)
    vignette(c, 0.16)


def sheen(c: Canvas, box: leaves.Box) -> None:
    """The door's faint reflection on the floor and its contact shadow."""
    x0, _, x1, y1 = box
    c.shape(rrect(x0 - 30, y1 - 2, x1 + 40, y1 + 10, 0), (0, 0, 0), 0.5, 6)
    c.shape([(x0 - 30, y1), (x1 + 40, y1), (x1 + 90, y1 + 100), (x0 - 20, y1 + 100)], (30, 16, 8), 0.22, 26)


def plant(x: float, y: float, scale: float = 1.0, leaf: Rgb = (72, 112, 74)) -> Callable[[Canvas], None]:
    """A potted plant on the floor."""

    def draw(c: Canvas) -> None:
        s = scale
        ground_shadow(c, x, y, 70 * s, 20 * s, 0.5)
        stems = (
            (-62, -330, 30),
            (-24, -400, 42),
            (26, -380, 40),
            (70, -300, 30),
            (-88, -230, 24),
            (96, -210, 24),
            (4, -280, 34),
        )
        for i, (dx, dy, width) in enumerate(stems):
            tip = (x + dx * s, y + dy * s)
            mid = (x + dx * 0.42 * s, y + (dy * 0.62 - 40) * s)
            base = (x + dx * 0.1 * s, y - 80 * s)
            tone = lighter(leaf, 0.10 * (i % 3)) if i % 2 else darker(leaf, 0.16)
            c.line([base, (mid[0], mid[1])], 5 * s, darker(leaf, 0.3))
            c.line(
                [base, mid, ((mid[0] + tip[0]) / 2 + 6 * s, (mid[1] + tip[1]) / 2), tip],
                [3 * s, width * s, width * 1.2 * s, 2],
                tone,
            )
            c.line([mid, tip], 2 * s, lighter(tone, 0.3), 0.7)
        pot = [(x - 58 * s, y - 108 * s), (x + 58 * s, y - 108 * s), (x + 44 * s, y), (x - 44 * s, y)]
        c.shape(pot, Grad.of((246, 240, 230), (226, 214, 198), (176, 160, 142), angle=90))
        c.shape(
            rrect(x - 62 * s, y - 118 * s, x + 62 * s, y - 98 * s, 5),
            Grad.of((252, 248, 240), (198, 184, 166), angle=90),
        )

    return draw


def barn(c: Canvas) -> None:
    """The sliding door on its iron rail."""
    wall_and_floor(c, 55, (206, 196, 184), OAK, FLOOR_Y)
    c.shape(rrect(500, 190, 900, FLOOR_Y, 0), Grad.of((72, 62, 54), (112, 96, 82), (96, 80, 66), angle=90))
    c.glow(760, 520, 260, 360, (255, 226, 176), 0.5)
    x0, y0, x1, y1 = 200.0, 172.0, 620.0, 868.0
    c.shape(rrect(x0 + 22, y0 + 24, x1 + 34, y1, 4), (10, 6, 2), 0.5, 20)
    art = leaf_picture("door-pine-barn", c.px(x1 - x0) // 2)
    c.shape(rrect(x0, y0, x1, y1, 0), art.resize((c.px(x1 - x0), c.px(y1 - y0)), Image.Resampling.LANCZOS))
    c.shape(moved(rrect(60, 112, 950, 128, 3), 6, 10), (0, 0, 0), 0.4, 6)
    c.shape(rrect(60, 112, 950, 128, 3), Grad.of((92, 92, 96), (40, 40, 44), (26, 26, 28)))
    for x in (120, 330, 500, 700, 890):
        c.shape(ellipse(x, 120, 6, 6), (96, 96, 100))
    for x in (280, 540):
        strap = rrect(x - 12, 96, x + 12, 250, 4)
        c.shape(moved(strap, 5, 6), (0, 0, 0), 0.4, 5)
        c.shape(strap, BLACK)
        c.shape(moved(ellipse(x, 100, 34, 34), 5, 7), (0, 0, 0), 0.4, 6)
        c.shape(ellipse(x, 100, 34, 34), Grad.of((84, 84, 88), (30, 30, 33)))
        c.shape(ellipse(x, 100, 22, 22), Grad.of((44, 44, 48), (70, 70, 74)))
        c.shape(ellipse(x, 100, 7, 7), (128, 128, 132))
        for y in (200, 232):
            c.shape(ellipse(x, y, 5, 5), (120, 120, 124))
    plant(868, 930, 0.8)(c)
    sunbeam(c, 90, 0, 900, alpha=0.14)
    vignette(c)


def double(c: Canvas) -> None:
    wall_and_floor(c, 75, (198, 190, 178), ASH_GREY, FLOOR_Y)
    casing(c, (186.0, 108.0, 814.0, FLOOR_Y), WALNUT, 77, 48)
    hung(c, "door-walnut-double", (186.0, 108.0, 500.0, FLOOR_Y))
    hung(c, "door-walnut-double", (500.0, 108.0, 814.0, FLOOR_Y), mirrored=True)
    c.line([(500, 108), (500, FLOOR_Y)], 6, (0, 0, 0), 0.6)
    sheen(c, (186.0, 108.0, 814.0, FLOOR_Y))
    for x in (66.0, 934.0):
        plant(x, 940, 0.7)(c)
    sunbeam(c, 130, 0, 900, alpha=0.12)
    vignette(c)


def samples(c: Canvas) -> None:
    """Six colour chips fanned on linen."""
    studio(c, (226, 219, 208))
    names = ("胡桃木色", "原橡木色", "樱桃木色", "松木色", "烟灰木色", "象牙白")
    for i, palette in enumerate((WALNUT, OAK, CHERRY, PINE, ASH_GREY, WHITE)):
        x, y = 90 + (i % 3) * 285, 120 + (i // 3) * 400
        chip = Canvas(250, 350, c.px(250) // 2)
        chip.shape(rrect(0, 0, 250, 350, 16), wood(90 + i * 9, chip.px(250), chip.px(350), palette, 0.8))
        chip.shape(rrect(0, 0, 250, 5, 2), (255, 255, 255), 0.45)
        chip.shape(rrect(0, 344, 250, 350, 2), (0, 0, 0), 0.4)
        chip.shape(rrect(0, 274, 250, 326, 0), (252, 250, 246), 0.94)
        chip.text(125, 300, names[i], 26, (64, 52, 44), bold=0.02)
        chip.shape(ellipse(125, 32, 10, 10), (60, 48, 40), 0.9)
        turn = (-3.0, 1.5, 3.5, 2.5, -2.0, -3.5)[i]
        card = rrect(x, y, x + 250, y + 350, 16)
        c.shape(moved(card, 14, 20), (70, 54, 40), 0.42, 18)
        c.place(chip.finished(), x + 125, y + 175, 250, turn)
    vignette(c)


def hardware(c: Canvas) -> None:
    """A magnetic lock, two hinges and a stop on dark stone."""
    c.shape(
        rrect(0, 0, 1000, 1000, 0), speckle(97, (c.px(1000) // 2, c.px(1000) // 2), (74, 80, 86), (112, 118, 124), 0.05)
    )
    c.glow(330, 260, 700, 640, (255, 255, 255), 0.34)
    _lever_set(c)
    for x in (560.0, 810.0):
        _hinge(c, x * 0.95, 770)
    c.shape(moved(ellipse(200, 780, 84, 84), 14, 20), (0, 0, 0), 0.5, 16)
    c.shape(ellipse(200, 780, 84, 84), Grad.of((250, 250, 250), (150, 154, 160), angle=40))
    c.shape(ellipse(200, 780, 58, 58), Grad.of((60, 62, 66), (110, 112, 118), angle=40))
    c.shape(ellipse(200, 780, 25, 25), Grad.of((236, 238, 240), (168, 172, 178), angle=40))
    vignette(c, 0.4)


def _lever_set(c: Canvas) -> None:
    body = rrect(120, 130, 250, 590, 18)
    c.shape(moved(body, 18, 26), (0, 0, 0), 0.55, 18)
    c.shape(body, STEEL)
    c.shape(rrect(128, 138, 140, 582, 5), (255, 255, 255), 0.5)
    c.shape(ellipse(185, 490, 17, 17), (30, 30, 34))
    c.shape(rrect(179, 490, 191, 528, 4), (30, 30, 34))
    for y in (158, 562):
        c.shape(ellipse(185, y, 8, 8), Grad.of((90, 92, 96), (180, 184, 190), angle=45))
    arm = rrect(150, 256, 600, 312, 28)
    c.shape(moved(arm, 16, 34), (0, 0, 0), 0.5, 18)
    c.shape(ellipse(185, 284, 54, 54), Grad.of((246, 246, 246), (138, 142, 148), angle=40))
    c.shape(arm, Grad.of((255, 255, 255), (192, 196, 200), (118, 122, 128), (206, 209, 212)))
    c.shape(rrect(170, 265, 584, 272, 3), (255, 255, 255), 0.75)
    case = rrect(400, 392, 760, 560, 10)
    c.shape(moved(case, 14, 22), (0, 0, 0), 0.5, 16)
    c.shape(case, Grad.of((214, 217, 221), (150, 154, 160), (176, 180, 186)))
    c.shape(rrect(404, 396, 756, 402, 3), (255, 255, 255), 0.5)
    for x, y in ((430, 420), (430, 532), (640, 420), (640, 532)):
        c.shape(ellipse(x, y, 11, 11), Grad.of((84, 86, 90), (150, 154, 158), angle=45))
    c.shape(rrect(500, 452, 540, 492, 4), (34, 36, 40))
    c.shape(ellipse(590, 472, 18, 18), (34, 36, 40))
    c.shape(rrect(784, 440, 832, 512, 12), Grad.of((255, 240, 190), (206, 160, 86), (150, 108, 50)))
    plate = rrect(756, 370, 790, 582, 8)
    c.shape(moved(plate, 8, 14), (0, 0, 0), 0.5, 10)
    c.shape(plate, STEEL)


def _hinge(c: Canvas, x: float, y: float) -> None:
    for side, box in ((0, rrect(x - 104, y - 120, x - 8, y + 120, 8)), (1, rrect(x + 8, y - 120, x + 104, y + 120, 8))):
        c.shape(moved(box, 12, 18), (0, 0, 0), 0.5, 12)
        c.shape(box, Grad.of((244, 245, 246), (186, 190, 195), (150, 154, 160), angle=90 if side else 60))
        for dy in (-76, 0, 76):
            hx = x + (-66 if side == 0 else 66) + (18 if dy == 0 else 0) * (1 if side == 0 else -1)
            c.shape(ellipse(hx, y + dy, 12, 12), Grad.of((70, 72, 76), (150, 154, 158), angle=45))
            c.line([(hx - 7, y + dy), (hx + 7, y + dy)], 3, (40, 42, 46))
    barrel = Grad.of((255, 255, 255), (150, 154, 160), (96, 100, 106), (200, 203, 206), angle=90)
    for i in range(4):
        c.shape(rrect(x - 14, y - 120 + i * 60, x + 14, y - 62 + i * 60, 5), barrel)


SCENES: dict[str, Callable[[Canvas], None]] = {
    "door-walnut-four": lambda c: room_with_door(
        c, "door-walnut-four", (222, 213, 200), WALNUT, OAK, 12, plant(856, 936)
    ),
    "door-oak-flush": lambda c: room_with_door(
        c, "door-oak-flush", (188, 198, 196), OAK, ASH_GREY, 24, plant(146, 944, 0.9)
    ),
    "door-cherry-arch": lambda c: room_with_door(c, "door-cherry-arch", (236, 224, 206), CHERRY, CHERRY, 32, x=340.0),
    "door-white-french": lambda c: room_with_door(
        c, "door-white-french", (168, 186, 184), WHITE, OAK, 42, plant(866, 938, 1.05)
    ),
    "door-pine-barn": barn,
    "door-grey-glass": lambda c: room_with_door(
        c, "door-grey-glass", (226, 224, 220), ASH_GREY, PINE, 62, plant(140, 940, 0.8)
    ),
    "door-walnut-double": double,
    "door-oak-study": lambda c: room_with_door(
        c, "door-oak-study", (212, 204, 214), OAK, WALNUT, 84, plant(862, 940, 0.9, (92, 120, 66))
    ),
    "door-samples": samples,
    "door-lock-set": hardware,
}
