"""The room for measuring delay: the platform's own operator shows a clock of milliseconds and sells one test card."""

from __future__ import annotations

from typing import Any

from PIL import Image

from kaibo.demo.art.brush import Canvas
from kaibo.demo.invented import licence_number
from kaibo.demo.seed import ShopPlan
from kaibo.demo.stall import Script

KEY = "lab"
NUMBER = 9
TITLE = "延迟测试台：画面里的毫秒钟就是此刻"
OPERATOR = "开播演示技术服务有限公司"


def plan() -> ShopPlan:
    """The operator's shop, host and room. They do not exist."""
    return ShopPlan(
        key=KEY,
        number=NUMBER,
        application={
            "legal_name": OPERATOR,
            "licence_number": licence_number(NUMBER),
            "legal_person": "钟秒",
            "shop_name": "开播演示技术台",
            "province": "浙江省",
            "city": "杭州市",
            "address": "演示路 9 号",
            "category_keys": ["hardware"],
        },
        description="平台自己的测试台：用来量直播从镜头到屏幕的时间。",
        merchant_name="开播技术台",
        host_name="延迟测试台",
        host_real_name="钟小秒",
        room_name="延迟测试台",
        products={KEY: _card},
    )


def script() -> Script:
    """Nobody chats at a test bench."""
    return Script(lines=())


def _card(picture_ids: list[str]) -> dict[str, Any]:
    return {
        "title": "直播延迟测试卡 A5 铜版纸",
        "category_key": "hardware",
        "description": "把卡放在镜头前，用手机对着屏幕拍一张，两个钟的差就是延迟。\n演示商品：店铺、商家和价格均为虚构。",
        "origin": "浙江杭州",
        "selling_points": ["印有灰阶与色块", "背面有使用方法"],
        "attributes": [{"name": "规格", "value": "A5"}, {"name": "材质", "value": "250 克铜版纸"}],
        "picture_ids": picture_ids,
        "service_tags": ["seven_day_return", "ship_48h"],
        "freight_fen": 0,
        "commission_bps": 0,
        "skus": [{"name": "一张", "code": f"{KEY}-1", "price_fen": 100, "stock": 500, "limit_per_buyer": 5}],
    }


def draw_card(size: int) -> Image.Image:
    """The test card: eight greys over eight colours, as test charts have them."""
    canvas = Canvas(1000, 1000, size)
    colours = (
        (192, 192, 192),
        (192, 192, 0),
        (0, 192, 192),
        (0, 192, 0),
        (192, 0, 192),
        (192, 0, 0),
        (0, 0, 192),
        (16, 16, 16),
    )
    for place, colour in enumerate(colours):
        left, right, grey = place * 125.0, place * 125.0 + 125.0, round(place * 255 / 7)
        canvas.shape([(left, 0), (right, 0), (right, 640), (left, 640)], colour)
        canvas.shape([(left, 640), (right, 640), (right, 1000), (left, 1000)], (grey, grey, grey))
    return canvas.finished().convert("RGB")
