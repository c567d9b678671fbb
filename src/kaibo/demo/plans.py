"""What the demo opens for each shop of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from kaibo.demo.catalogue import DemoProduct, DemoShop
from kaibo.demo.listing import CATEGORIES, product_body
from kaibo.demo.seed import ShopPlan

HOST_REAL_NAMES = {"doors": "周柏林", "tissue": "孟小棉", "garlic": "杨彩云"}
NICKNAME_CHARS_MAX = 20


def shop_plan(shop: DemoShop, number: int) -> ShopPlan:
    """`number` is the shop's place in the catalogue, from 1."""
    return ShopPlan(
        key=shop.key,
        number=number,
        application={
            "legal_name": shop.merchant,
            "licence_number": shop.licence,
            "legal_person": shop.legal_person,
            "shop_name": shop.name,
            "province": shop.province,
            "city": shop.city,
            "address": f"{shop.district}{shop.address}",
            "category_keys": sorted({CATEGORIES[p.category.rpartition("/")[2]] for p in shop.products}),
        },
        description=shop.host_bio,
        merchant_name=f"{shop.name}店长"[:NICKNAME_CHARS_MAX],
        host_name=shop.host,
        host_real_name=HOST_REAL_NAMES[shop.key],
        room_name=f"{shop.name}直播间",
        products={product.key: _body(shop, product) for product in shop.products},
    )


def _body(shop: DemoShop, product: DemoProduct) -> Callable[[list[str]], dict[str, Any]]:
    return partial(product_body, shop, product)
