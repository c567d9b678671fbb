"""A shop with products, for the tests of goods."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from PIL import Image

from kaibo.goods.catalog.create import create_product
from kaibo.goods.catalog.model import Product, ProductDraft, SkuDraft
from kaibo.goods.catalog.tables import products
from kaibo.kernel.db import Db
from kaibo.people.merchants.apply import Application, apply_as_merchant
from kaibo.people.merchants.decide import decide_merchant
from tests.people.test_merchants import application
from tests.people_of_tests import Person


@dataclass
class Shop:
    """A shop; `owner.client` is signed in as its owner."""

    id: UUID
    owner: Person

    @property
    def path(self) -> str:
        return f"/api/shops/{self.id}"


async def open_shop(db: Db, owner_id: UUID) -> UUID:
    """An approved merchant's shop."""
    wanted = application(licence_picture_id=None)
    made = await apply_as_merchant(db, owner_id, Application(**{**wanted, "category_keys": ("wooden_door",)}))
    approved = await decide_merchant(db, uuid.uuid4(), made.id, approve=True, reason="")
    assert approved.shop_id is not None
    return approved.shop_id


async def stocked(db: Db, shop_id: UUID, *stock: int, price_fen: int = 2990, limit: int | None = None) -> Product:
    """An approved product with one SKU for each number of pieces."""
    skus = tuple(
        SkuDraft(name=f"规格 {i}", price_fen=price_fen + i, stock=pieces, limit_per_buyer=limit)
        for i, pieces in enumerate(stock)
    )
    draft = ProductDraft(title="江山实木门", category_key="wooden_door", skus=skus)
    made = await create_product(db, shop_id, uuid.uuid4(), draft)
    await db.execute(products.update().where(products.c.id == made.id).values(state="approved"))
    return made


def door(**change: Any) -> dict[str, Any]:
    """A product as a merchant sends it."""
    return {
        "title": "江山实木烤漆门",
        "category_key": "wooden_door",
        "description": "整木指接，五遍漆。",
        "origin": "浙江江山",
        "selling_points": ["工厂直发"],
        "attributes": [{"name": "材质", "value": "橡胶木"}],
        "picture_ids": [],
        "service_tags": ["installation"],
        "freight_fen": 5000,
        "commission_bps": 1000,
        "skus": [{"name": "左开", "code": None, "price_fen": 129900, "stock": 8}],
        **change,
    }


async def create(shop: Shop, **change: Any) -> httpx.Response:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    return await shop.owner.client.post(f"{shop.path}/products", json=door(**change), headers=key)


def picture_bytes(width: int = 640, height: int = 480, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    mode = "RGB" if kind == "JPEG" else options.pop("mode", "RGBA")
    Image.new(mode, (width, height), options.pop("colour", "#a05a2c")).save(out, kind, **options)
    return out.getvalue()


async def upload(client: httpx.AsyncClient, content: bytes, name: str = "door.jpg") -> httpx.Response:
    return await client.post("/api/pictures", files={"file": (name, content, "application/octet-stream")})


async def approve(shop: Shop, reviewer: Person, product_id: str) -> dict[str, Any]:
    """Submit and approve."""
    await shop.owner.client.post(f"{shop.path}/products/{product_id}/submit")
    answer = await reviewer.client.post(f"/api/reviews/products/{product_id}", json={"approve": True})
    assert answer.status_code == 200, answer.text
    decided: dict[str, Any] = answer.json()
    return decided
