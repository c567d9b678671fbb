"""Product pictures of the tissue mill."""

from __future__ import annotations

from collections.abc import Callable

from kaibo.demo.art.brush import Canvas, Grad, Points, Rgb, darker, ellipse, lighter, moved, rrect, smooth
from kaibo.demo.art.packs import (
    BRAND,
    Print,
    carton,
    face,
    film,
    oblique,
    puff,
    pulled_tissue,
    roll,
    soft_pack,
)
from kaibo.demo.art.rooms import ground_shadow, studio, table, vignette
from kaibo.demo.art.texture import OAK, PINE, WHITE, speckle

SKY = Print((92, 164, 214), (246, 150, 62), "云柔抽纸", "3层 100抽", "cloud")
PINK = Print((232, 138, 152), (96, 142, 196), "亲肤抽纸", "4层 90抽", "petal")
KRAFT = Print((212, 182, 138), (104, 138, 78), "竹浆本色抽纸", "3层 110抽", "bamboo", (92, 64, 36))
MINT = Print((88, 182, 160), (240, 124, 92), "卷纸", "4层 12卷", "wave")
LILAC = Print((150, 134, 206), (244, 176, 72), "手帕纸", "4层 8张", "dots")
TEAL = Print((64, 150, 170), (244, 176, 72), "湿厕纸", "40片", "wave")
WARM = Print((244, 190, 120), (214, 96, 74), "厨房用纸", "2层 75节", "dots")
SAGE = Print((142, 176, 140), (224, 128, 80), "棉柔洗脸巾", "80抽", "petal")
NAVY = Print((62, 96, 160), (244, 170, 66), "悬挂抽纸", "320抽", "dots")


def bundle(c: Canvas, p: Print, cols: int, rows: int, x: float, base: float, w: float, h: float, d: float) -> None:
    """A tied stack (一提): cols × rows packs in clear film."""
    ground_shadow(c, x + cols * w / 2 + d * 0.3, base, cols * w * 0.62, 40)
    for row in range(rows):
        for col in reversed(range(cols)):
            soft_pack(c, x + col * (w + 2), base - (row + 1) * (h + 2), w, h, d, p)
    film(
        c, x - 10, base - rows * (h + 2) - d * 0.42 - 8, cols * (w + 2) + d * 0.55 + 20, rows * (h + 2) + d * 0.42 + 14
    )


def sky_ten(c: Canvas) -> None:
    studio(c, (206, 224, 236))
    bundle(c, SKY, 2, 4, 90, 760, 290, 132, 130)
    ground_shadow(c, 720, 868, 250, 34)
    soft_pack(c, 480, 690, 400, 178, 190, SKY, tissue=True)
    vignette(c, 0.14)


def carton_24(c: Canvas) -> None:
    studio(c, (238, 224, 206))
    ground_shadow(c, 420, 800, 380, 50)
    carton(c, 90, 290, 560, 500, 240, PINK, ("云柔抽纸 整箱", "24包 × 90抽"))
    ground_shadow(c, 740, 884, 230, 30)
    for i in range(2):
        soft_pack(c, 556 + i * 14, 730 - i * 148, 340, 146, 150, PINK, tissue=i == 1)
    vignette(c, 0.16)


def kraft_six(c: Canvas) -> None:
    table(c, 21, PINE, 640, (214, 222, 200))
    for x, y in ((130, 560), (500, 560)):
        ground_shadow(c, x + 190, y + 166, 230, 34)
        soft_pack(c, x, y, 340, 164, 150, KRAFT)
    soft_pack(c, 310, 394, 340, 164, 150, KRAFT, tissue=True)
    ground_shadow(c, 480, 900, 260, 30)
    soft_pack(c, 270, 736, 400, 170, 170, KRAFT, tissue=False)
    vignette(c, 0.2)


def rolls_twelve(c: Canvas) -> None:
    studio(c, (208, 228, 222))
    ground_shadow(c, 470, 760, 380, 46)
    for row in range(2):
        for i in range(4):
            roll(c, 200 + i * 176, 700 - row * 190, 176, 178)
    for i in range(4):
        roll(c, 164 + i * 176, 760, 176, 178)
    for i in range(4):
        roll(c, 164 + i * 176, 570, 176, 178)
    film(c, 62, 352, 740, 440)
    c.place(face(MINT, 420, 190, c.px(420)), 430, 600, 440)
    ground_shadow(c, 800, 900, 130, 30)
    roll(c, 800, 890, 220, 210, tail=True)
    vignette(c, 0.14)


def rolls_solid(c: Canvas) -> None:
    table(c, 31, OAK, 620, (232, 222, 226))
    for x, y, r in ((230, 640, 250), (520, 620, 250), (790, 650, 240)):
        ground_shadow(c, x, y + 12, r * 0.56, 34)
        roll(c, x, y, r, 240, core=False)
    roll(c, 375, 425, 250, 240, core=False)
    roll(c, 655, 420, 245, 240, core=False)
    ground_shadow(c, 420, 890, 190, 36)
    roll(c, 420, 880, 300, 280, core=False, quilt="dot", tail=True)
    vignette(c, 0.2)


def kitchen(c: Canvas) -> None:
    c.shape(rrect(0, 0, 1000, 640, 0), (228, 232, 226))
    for row in range(5):
        for col in range(-1, 6):
            x = col * 200 + (row % 2) * 100
            tile = rrect(x + 4, row * 130 + 4, x + 196, row * 130 + 126, 4)
            c.shape(tile, Grad.of((250, 250, 246), (232, 236, 230), angle=30))
            c.shape(rrect(x + 8, row * 130 + 8, x + 192, row * 130 + 14, 2), (255, 255, 255), 0.8)
    table_top(c, 640, (226, 222, 214))
    ground_shadow(c, 330, 800, 190, 42)
    roll(c, 330, 790, 300, 560, quilt="dot")
    ground_shadow(c, 690, 850, 180, 42)
    roll(c, 690, 840, 290, 540, quilt="blue", tail=True)
    band = [(545, 560), *ellipse(690, 660, 145, 49, 180, 0), (835, 560), *ellipse(690, 540, 145, 49, 0, 180)]
    c.shape(band, Grad.of((226, 150, 76), WARM.colour, (250, 214, 160), (206, 132, 66), angle=90), 0.95)
    c.text(690, 640, BRAND, 56, (255, 255, 255), "mm", 0.035)
    c.text(690, 688, "厨房用纸 75节", 25, (120, 60, 20), "mm", 0.01)
    lemons(c, 130, 870)
    vignette(c, 0.2)


def table_top(c: Canvas, y: float, colour: Rgb) -> None:
    """A stone worktop."""
    c.shape(
        rrect(0, y, 1000, 1000, 0),
        speckle(9, (c.px(1000) // 2, c.px(1000 - y) // 2), colour, darker(colour, 0.3), 0.03),
    )
    c.shape(rrect(0, y, 1000, y + 40, 0), (0, 0, 0), 0.2, 20, clip=rrect(0, y, 1000, 1000, 0))
    c.glow(340, 840, 600, 200, (255, 255, 255), 0.4)


def lemons(c: Canvas, x: float, y: float) -> None:
    for dx, dy, tone in ((0, 0, (244, 196, 60)), (74, 36, (250, 210, 84))):
        ground_shadow(c, x + dx, y + dy + 36, 56, 14, 0.4)
        body = smooth(
            [
                (x + dx - 58, y + dy),
                (x + dx - 30, y + dy - 38),
                (x + dx + 26, y + dy - 38),
                (x + dx + 60, y + dy - 4),
                (x + dx + 26, y + dy + 38),
                (x + dx - 30, y + dy + 36),
            ]
        )
        c.shape(body, Grad.of(lighter(tone, 0.35), tone, darker(tone, 0.25), angle=25))
        c.glow(x + dx - 16, y + dy - 16, 26, 18, (255, 255, 255), 0.7)


def handkerchiefs(c: Canvas) -> None:
    studio(c, (226, 220, 240))
    tints = ((150, 134, 206), (236, 140, 160), (104, 170, 214), (120, 186, 150), (240, 178, 96))
    spots = [(106 + col * 204, 120 + row * 178, (col + row * 2) % 5) for row in range(3) for col in range(4)]
    for i, (x, y, tone) in enumerate(spots):
        p = Print(tints[tone], (255, 255, 255), LILAC.title, LILAC.count, "dots")
        mini(c, x, y, p, (-6, 3, -2, 5, 2, -4)[i % 6])
    mini(c, 330, 700, LILAC, -2, 1.95)
    vignette(c, 0.14)


def mini(c: Canvas, x: float, y: float, p: Print, turn: float, scale: float = 1.0) -> None:
    """A pocket pack lying flat, with its re-sealing label."""
    w, h = 176.0, 124.0
    art = Canvas(w, h, c.px(w * scale) // 2)
    body = smooth(
        [(6, 8), (w / 2, 3), (w - 6, 8), (w - 3, h / 2), (w - 6, h - 8), (w / 2, h - 3), (6, h - 8), (3, h / 2)],
        steps=8,
    )
    art.shape(body, Grad.of(lighter(p.colour, 0.3), p.colour, darker(p.colour, 0.12), angle=24))
    for i in range(5):
        art.shape(
            ellipse(w * (0.56 + 0.1 * i), h * (0.78 - 0.12 * (i % 2)), 9 + 2 * i, 9 + 2 * i),
            (255, 255, 255),
            0.32,
            clip=body,
        )
    art.text(20, 46, BRAND, 44, (255, 255, 255), "lm", 0.035)
    art.text(20, 84, p.title, 20, (255, 255, 255), "lm", 0.01)
    art.shape(rrect(w - 66, 22, w - 10, 70, 10), lighter(p.colour, 0.6), 0.95)
    art.text(w - 38, 46, "拉开", 17, darker(p.colour, 0.4), "mm")
    for yy in (9, h - 9):
        art.line([(10, yy), (w - 10, yy)], 2, (255, 255, 255), 0.5)
    cx, cy = x + w * scale / 2, y + h * scale / 2
    c.shape(moved(rrect(x, y, x + w * scale, y + h * scale, 14), 7, 12), (60, 40, 90), 0.4, 10)
    c.place(art.finished(), cx, cy, w * scale, turn)


def wet_wipes(c: Canvas) -> None:
    table(c, 51, WHITE, 520, (186, 218, 224))
    for i, y in enumerate((660, 524)):
        x = 110 + i * 26
        if not i:
            ground_shadow(c, x + 370, y + 150, 400, 36)
        flip_pack(c, x, y, opened=bool(i))
    drops(c, ((120, 900, 24), (190, 940, 14), (880, 880, 22), (820, 930, 12), (480, 930, 16)))
    vignette(c, 0.16)


def flip_pack(c: Canvas, x: float, y: float, opened: bool) -> None:
    """A flat pack of wet tissue with a hinged lid on top."""
    w, h, d = 580.0, 132.0, 300.0
    front, top, side = oblique(x, y, w, h, d)
    c.project(face(TEAL, w, h, c.px(w) // 2), front)
    c.shape(top, Grad.of(lighter(TEAL.colour, 0.5), lighter(TEAL.colour, 0.22)))
    c.shape(side, Grad.of(darker(TEAL.colour, 0.1), darker(TEAL.colour, 0.34), angle=90))
    puff(c, x, y, w, h)
    cx, cy = (top[0][0] + top[2][0]) / 2, (top[0][1] + top[2][1]) / 2
    lid: Points = [(cx - 120, cy - 38), (cx + 150, cy - 38), (cx + 112, cy + 40), (cx - 158, cy + 40)]
    c.shape(moved(lid, 6, 8), (0, 40, 50), 0.35, 6)
    c.shape(moved(lid, 0, -8), (255, 255, 255))
    c.shape(lid, Grad.of((255, 255, 255), (222, 232, 234)))
    if opened:
        c.shape(ellipse(cx - 4, cy - 4, 92, 24), (150, 186, 190))
        flap: Points = [(cx - 116, cy - 44), (cx + 152, cy - 44), (cx + 180, cy - 150), (cx - 88, cy - 150)]
        c.shape(flap, Grad.of((255, 255, 255), (206, 222, 228)))
        c.shape(ellipse(cx + 32, cy - 98, 82, 30), (220, 232, 236))
        pulled_tissue(c, cx - 4, cy, 190)


def drops(c: Canvas, spots: tuple[tuple[int, int, int], ...]) -> None:
    """Water beads."""
    for x, y, r in spots:
        c.shape(moved(ellipse(x, y, r, r), 4, 7), (30, 80, 90), 0.3, 5)
        c.shape(ellipse(x, y, r, r), Grad.of((120, 180, 194), (226, 246, 248), angle=30), 0.75)
        c.shape(ellipse(x - r * 0.35, y - r * 0.4, r * 0.28, r * 0.2), (255, 255, 255), 0.95)


def face_towel(c: Canvas) -> None:
    table(c, 41, WHITE, 660, (210, 222, 206))
    for x, y in ((150, 440), (470, 470)):
        ground_shadow(c, x + 200, y + 352, 220, 40)
        soft_pack(c, x, y, 340, 350, 170, SAGE, tissue=x > 200)
    stack = [(660, 900), (930, 880)]
    ground_shadow(c, 770, 905, 190, 24, 0.35)
    for i in range(7):
        sheet = rrect(stack[0][0] - 20 - i, 880 - i * 13, stack[1][0] + i % 3 * 4, 894 - i * 13, 7)
        c.shape(sheet, Grad.of((255, 255, 255), (224, 226, 222)))
        c.line([(stack[0][0] - 14, 893 - i * 13), (stack[1][0], 893 - i * 13)], 1.2, (140, 140, 140), 0.5)
    vignette(c, 0.16)


def hanging(c: Canvas) -> None:
    c.shape(rrect(0, 0, 1000, 1000, 0), Grad.of((240, 236, 228), (222, 216, 206)))
    for row in range(7):
        for col in range(7):
            c.shape(
                rrect(col * 150 + 3, row * 150 + 3, col * 150 + 147, row * 150 + 147, 4),
                Grad.of((244, 244, 242), (226, 228, 228), angle=35),
            )
    c.glow(300, 240, 700, 600, (255, 255, 255), 0.5)
    for x, tone in ((150, NAVY.colour), (550, (196, 104, 116))):
        p = Print(tone, NAVY.accent, NAVY.title, NAVY.count, NAVY.pattern)
        c.shape(moved(rrect(x, 150, x + 300, 760, 30), 20, 26), (40, 40, 60), 0.36, 20)
        c.shape(rrect(x + 128, 70, x + 172, 118, 12), Grad.of((250, 250, 250), (150, 154, 160), angle=40))
        c.shape([(x + 90, 160), (x + 210, 160), (x + 180, 96), (x + 120, 96)], darker(tone, 0.1))
        c.shape(ellipse(x + 150, 116, 17, 15), (90, 90, 96))
        body = rrect(x, 150, x + 300, 700, 30)
        c.shape(body, face(p, 300, 550, c.px(300) // 2))
        c.shape(rrect(x, 150, x + 34, 700, 0), (255, 255, 255), 0.35, 12, clip=body)
        c.shape(rrect(x + 262, 150, x + 300, 700, 0), (0, 0, 0), 0.3, 14, clip=body)
        c.shape(ellipse(x + 150, 690, 78, 18), darker(tone, 0.4))
        sheet = smooth(
            [
                (x + 90, 688),
                (x + 212, 688),
                (x + 232, 760),
                (x + 222, 868),
                (x + 160, 850),
                (x + 96, 880),
                (x + 78, 770),
            ]
        )
        c.shape(moved(sheet, 10, 12), (40, 40, 60), 0.25, 9)
        c.shape(sheet, Grad.of((226, 228, 234), (255, 255, 255), (238, 240, 244)))
        for dx in (-30, 6, 40):
            fold: Points = [(x + 150 + dx * 0.5, 700), (x + 150 + dx, 780), (x + 150 + dx * 1.3, 860)]
            c.line(smooth(fold, closed=False), [2, 7, 1], (120, 130, 150), 0.3, 2)
    vignette(c, 0.16)


SCENES: dict[str, Callable[[Canvas], None]] = {
    "tissue-sky-10": sky_ten,
    "tissue-carton-24": carton_24,
    "tissue-bamboo": kraft_six,
    "tissue-roll-12": rolls_twelve,
    "tissue-roll-solid": rolls_solid,
    "tissue-kitchen": kitchen,
    "tissue-pocket": handkerchiefs,
    "tissue-wet": wet_wipes,
    "tissue-face-towel": face_towel,
    "tissue-hanging": hanging,
}
