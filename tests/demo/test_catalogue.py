"""The catalogue: complete, lawful in its words, and with licence numbers whose checksums hold."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kaibo.demo import catalogue

ABSOLUTE_WORDS = re.compile(r"最|第一|国家级|顶级|唯一|绝对|百分百|100%|全网|独家|首选|史上|祖传")
HEALTH_WORDS = re.compile(r"治疗|治愈|疗效|抗癌|杀菌|消炎|降压|降脂|免疫|养生|保健|药用|防癌|排毒")


def _texts() -> list[str]:
    out: list[str] = []
    for shop in catalogue.shops():
        out += [shop.name, shop.host_bio, shop.room_title, *shop.chat_lines, *shop.questions, *shop.host_lines]
        for item in shop.products:
            out += [
                item.title,
                *item.selling_points,
                *item.talk,
                *item.attributes.values(),
                *(sku.name for sku in item.skus),
            ]
    return out


def test_three_shops_with_eight_products_each_and_one_to_four_skus() -> None:
    assert tuple(shop.key for shop in catalogue.shops()) == catalogue.SHOP_KEYS
    for shop in catalogue.shops():
        assert len(shop.products) >= 8
        assert len(set(shop.chat_lines)) >= 15
        assert len(shop.questions) >= 10
        for item in shop.products:
            assert 1 <= len(item.skus) <= 4, item.key
            assert 3 <= len(item.talk) <= 5, item.key
            assert len({sku.name for sku in item.skus}) == len(item.skus), item.key
            assert all(100 <= sku.price_fen <= 1_000_000 and sku.stock > 0 for sku in item.skus), item.key
            assert all(sku.list_price_fen is None for sku in item.skus), "a demo has no price history to strike"
    keys = [item.key for shop in catalogue.shops() for item in shop.products]
    assert len(keys) == len(set(keys))


def test_no_text_uses_an_absolute_or_claims_an_effect_on_health() -> None:
    for text in _texts():
        assert not ABSOLUTE_WORDS.search(text), text
        assert not HEALTH_WORDS.search(text), text


def test_made_to_order_and_fresh_goods_promise_no_seven_day_return() -> None:
    for key in ("door-walnut-four", "garlic-fresh"):
        assert "seven_day_return" not in catalogue.product(key).service_tags
    for shop in catalogue.shops():
        for item in shop.products:
            assert not {"made_to_order", "seven_day_return"} <= set(item.service_tags), item.key


def test_every_licence_holds_and_any_changed_character_breaks_it() -> None:
    for shop in catalogue.shops():
        assert catalogue.licence_is_valid(shop.licence)
        for i, old in enumerate(shop.licence):
            changed = shop.licence[:i] + ("2" if old != "2" else "3") + shop.licence[i + 1 :]
            assert not catalogue.licence_is_valid(changed), f"place {i + 1} of {shop.licence}"


@pytest.mark.parametrize(
    "code", ["", "91330881MA2K7X3D2", "91330881MA2K7X3D2LL", "I1330881MA2K7X3D2L", "91330881ma2k7x3d2l"]
)
def test_a_malformed_licence_is_no_licence(code: str) -> None:
    assert not catalogue.licence_is_valid(code)


def _raw(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": "x", "title": "门", "title_en": "door", "category": "a/b", "selling_points": ["好看"], "attributes": {},
        "skus": [["一", "one", 100, 1]], "service_tags": [], "talk": ["讲"],
    }  # fmt: skip
    return row | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service_tags": ["free_lunch"]}, "unknown service tags"),
        ({"skus": [["一", "one", 0, 1]]}, "price and stock"),
        ({"skus": [["一", "one", 9.9, 1]]}, "price and stock"),
        ({"skus": [["一", "one", 100]]}, "a SKU is"),
        ({"talk": "讲"}, "talk must be a list"),
    ],
)
def test_a_broken_product_is_refused_with_its_reason(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        catalogue._product(_raw(**changes))


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(KeyError, match="no demo shop 'fish'"):
        catalogue.shop("fish")
    with pytest.raises(KeyError, match="no demo product 'fish'"):
        catalogue.product("fish")
