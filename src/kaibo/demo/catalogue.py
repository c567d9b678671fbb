"""What the demo shops sell and say, read from the TOML files beside this module.

Everything is invented: merchants, people, licence numbers (their checksums hold, see GB 32100-2015 and GB 11714-1997,
so that the onboarding accepts them). No text uses an absolute (广告法 9) or claims an effect on health (广告法 17), and no
product carries a struck price, because a demo has no price history that would make one lawful (明码标价和禁止价格欺诈规定 16).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, cast

SHOP_KEYS: Final = ("doors", "tissue", "garlic")
SERVICE_TAGS: Final[Mapping[str, str]] = {
    "seven_day_return": "七天无理由",
    "freight_cover": "运费险",
    "damage_compensation": "破损包赔",
    "free_shipping": "包邮",
    "ship_in_48h": "48小时发货",
    "made_to_order": "按尺寸定作",
    "free_sample": "可先寄样",
    "spoilage_compensation": "坏果包赔",
}
"""Made-to-order and fresh goods carry no seven-day return: 消费者权益保护法 25 excludes them."""

_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


class CatalogueBroken(ValueError):
    """A catalogue file says something this module does not understand."""


@dataclass(frozen=True, slots=True)
class DemoSku:
    """One specification. `list_price_fen` is the struck price: None unless it would be honest."""

    name: str
    name_en: str
    price_fen: int
    stock: int
    list_price_fen: int | None = None


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """`key` is also the key of its picture. `talk` are sentences the host says; `service_tags` keys of SERVICE_TAGS."""

    key: str
    title: str
    title_en: str
    category: str
    selling_points: tuple[str, ...]
    attributes: Mapping[str, str]
    skus: tuple[DemoSku, ...]
    service_tags: tuple[str, ...]
    talk: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoShop:
    """A shop with its merchant, its host, its room and the people who chat there."""

    key: str
    name: str
    name_en: str
    merchant: str
    licence: str
    legal_person: str
    province: str
    city: str
    district: str
    address: str
    host: str
    host_bio: str
    host_bio_en: str
    room_title: str
    room_title_en: str
    products: tuple[DemoProduct, ...]
    chat_lines: tuple[str, ...]
    questions: tuple[str, ...]
    host_lines: tuple[str, ...]


def licence_is_valid(code: str) -> bool:
    """Both checksums of a 统一社会信用代码: the organisation's (place 17) and the whole code's (place 18)."""
    if len(code) != 18 or any(c not in _USCC_ALPHABET for c in code):
        return False
    total = sum(_USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    if _USCC_ALPHABET[(31 - total % 31) % 31] != code[17]:
        return False
    body = sum((int(c) if c.isdigit() else ord(c) - 55) * w for c, w in zip(code[8:16], _ORG_WEIGHTS, strict=True))
    check = 11 - body % 11
    return code[16] == ("X" if check == 10 else "0" if check == 11 else str(check))


@lru_cache(maxsize=1)
def shops() -> tuple[DemoShop, ...]:
    """The three shops, in the order of SHOP_KEYS. Raises CatalogueBroken naming file and place."""
    return tuple(_shop(key) for key in SHOP_KEYS)


def shop(key: str) -> DemoShop:
    for one in shops():
        if one.key == key:
            return one
    raise KeyError(f"no demo shop {key!r}; there are {', '.join(SHOP_KEYS)}")


def product(key: str) -> DemoProduct:
    for one in shops():
        for item in one.products:
            if item.key == key:
                return item
    raise KeyError(f"no demo product {key!r}")


def _shop(key: str) -> DemoShop:
    name = f"catalogue_{key}.toml"
    raw = tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    try:
        head = {k: str(v) for k, v in raw["shop"].items()}
        built = DemoShop(
            key=key,
            products=tuple(_product(item) for item in raw["products"]),
            chat_lines=_lines(raw["crowd"], "chat_lines"),
            questions=_lines(raw["crowd"], "questions"),
            host_lines=_lines(raw["crowd"], "host_lines"),
            **cast("dict[str, Any]", head),
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise CatalogueBroken(f"{name}: {wrong}") from wrong
    if not licence_is_valid(built.licence):
        raise CatalogueBroken(f"{name}: licence {built.licence} has a wrong check character")
    return built


def _product(raw: Mapping[str, Any]) -> DemoProduct:
    tags = _lines(raw, "service_tags")
    unknown = [tag for tag in tags if tag not in SERVICE_TAGS]
    if unknown:
        raise ValueError(f"{raw['key']}: unknown service tags {unknown}; known are {sorted(SERVICE_TAGS)}")
    return DemoProduct(
        key=raw["key"],
        title=raw["title"],
        title_en=raw["title_en"],
        category=raw["category"],
        selling_points=_lines(raw, "selling_points"),
        attributes=dict(raw["attributes"]),
        skus=tuple(_sku(raw["key"], row) for row in raw["skus"]),
        service_tags=tags,
        talk=_lines(raw, "talk"),
    )


def _sku(key: str, row: list[Any]) -> DemoSku:
    if len(row) != 4:
        raise ValueError(f"{key}: a SKU is [name, name_en, price_fen, stock], got {row}")
    name, name_en, price_fen, stock = row
    if not (isinstance(price_fen, int) and price_fen > 0 and isinstance(stock, int) and stock >= 0):
        raise ValueError(f"{key}: price and stock must be whole positive numbers, got {row}")
    return DemoSku(name, name_en, price_fen, stock)


def _lines(raw: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = raw[field]
    if not isinstance(value, list) or not all(isinstance(line, str) and line for line in value):
        raise ValueError(f"{field} must be a list of texts")
    return tuple(value)
