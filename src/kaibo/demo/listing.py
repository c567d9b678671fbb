"""The catalogue in the words of the API: what a merchant sends for a product, and what is said in a room."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from kaibo.demo.catalogue import DemoProduct, DemoShop
from kaibo.demo.films import timeline
from kaibo.demo.stall import Film, Question, Scene, Script

CATEGORIES = {
    "室内门": "wooden_door",
    "推拉门": "wooden_door",
    "样品": "wooden_door",
    "五金": "hardware",
    "抽纸": "facial_tissue",
    "手帕纸": "facial_tissue",
    "棉柔巾": "facial_tissue",
    "卷纸": "toilet_roll",
    "厨房用纸": "kitchen_paper",
    "湿厕纸": "wet_wipe",
    "大蒜": "garlic_ginger",
    "净菜": "garlic_ginger",
    "黑蒜": "dried_goods",
    "酱料": "grain_oil",
    "腌菜": "grain_oil",
    "种球": "plant",
}
SERVICE_TAGS = {
    "seven_day_return": "seven_day_return",
    "freight_cover": "freight_cover",
    "damage_compensation": "damage_compensation",
    "spoilage_compensation": "damage_compensation",
    "ship_in_48h": "ship_48h",
}
PROMISES = {
    "made_to_order": "按门洞尺寸定作，定作商品不支持七天无理由退货（消费者权益保护法第二十五条），拿不准颜色请先拍样块。",
    "free_sample": "可先寄样块比色。",
    "spoilage_compensation": "签收二十四小时内发现坏果，拍照按重量包赔。",
    "damage_compensation": "运输破损拍照联系，包赔。",
    "free_shipping": "包邮（偏远地区以下单页为准）。",
}
FREIGHT_FEN = {"doors": 12_000, "tissue": 500, "garlic": 800}
COMMISSION_BPS = {"doors": 800, "tissue": 1_500, "garlic": 2_000}
LIMITS_PER_BUYER = {"door-samples": 2}
ORIGIN_CHARS_MAX = 60


def product_body(shop: DemoShop, product: DemoProduct, picture_ids: list[str]) -> dict[str, Any]:
    """The body of POST /api/shops/{shop_id}/products."""
    tags = dict.fromkeys(SERVICE_TAGS[tag] for tag in product.service_tags if tag in SERVICE_TAGS)
    return {
        "title": product.title,
        "category_key": CATEGORIES[product.category.rpartition("/")[2]],
        "description": _description(product),
        "origin": product.attributes.get("产地", f"{shop.province}{shop.city}{shop.district}")[:ORIGIN_CHARS_MAX],
        "selling_points": list(product.selling_points),
        "attributes": [{"name": name, "value": value} for name, value in product.attributes.items()],
        "picture_ids": picture_ids,
        "service_tags": list(tags),
        "freight_fen": 0 if "free_shipping" in product.service_tags else FREIGHT_FEN[shop.key],
        "commission_bps": COMMISSION_BPS[shop.key],
        "skus": [
            {
                "name": sku.name,
                "code": sku_code(product.key, number),
                "price_fen": sku.price_fen,
                "stock": sku.stock,
                "limit_per_buyer": LIMITS_PER_BUYER.get(product.key),
            }
            for number, sku in enumerate(product.skus, start=1)
        ],
    }


def sku_code(product_key: str, number: int) -> str:
    """The merchant's own code of a SKU: by it the demo finds its products again, whatever people rename."""
    return f"{product_key}-{number}"


def product_key_of(code: str | None) -> str:
    """The product's key inside a code that `sku_code` made."""
    return (code or "").rpartition("-")[0]


def _description(product: DemoProduct) -> str:
    promises = [words for tag, words in PROMISES.items() if tag in product.service_tags]
    return "\n".join([*product.talk, *promises, "演示商品：店铺、商家和价格均为虚构。"])


def script_of(shop: DemoShop) -> Script:
    """What viewers and the host of this shop's room say. Raises KeyError for a question without an answer."""
    answers = tomllib.loads(files(__package__).joinpath("answers.toml").read_text(encoding="utf-8"))[shop.key]
    return Script(
        lines=shop.chat_lines,
        questions=tuple(Question(question, answers[question]) for question in shop.questions),
        host_lines=shop.host_lines,
        talking_points={product.key: product.talk for product in shop.products},
    )


def film_of(shop_key: str) -> Film:
    """What is on screen when in this shop's film."""
    scenes = tuple(Scene(part.starts, part.ends, part.product_key) for part in timeline(shop_key))
    return Film(scenes[-1].ends, scenes)
