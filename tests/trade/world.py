"""A small real market for tests: a shop with approved products, buyers with addresses, a payment provider that is a process."""

from __future__ import annotations

import io
import itertools
import os
import uuid
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from PIL import Image
from sqlalchemy import select, text

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.tables import outbox
from kaibo.people.merchants.rules import licence_check_character
from kaibo.trade.contracts import OrderPlaced, OrdersPlaced
from kaibo.trade.ledger.check import check_ledger
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.orders.pay import mark_paid
from tests.conftest import SignIn
from tests.people_of_tests import Person

_numbers = itertools.count(1)


def key() -> dict[str, str]:
    """A fresh Idempotency-Key."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def ok(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json()


@dataclass
class Shop:
    id: UUID
    name: str
    staff: Person
    reviewer: Person

    async def product(
        self, *, price_fen: int = 2990, stock: int = 100, commission_bps: int = 2000, freight_fen: int = 0, **sku: Any
    ) -> dict[str, Any]:
        """An approved product with one SKU, as its staff sees it."""
        picture = ok(await self.staff.client.post("/api/pictures", files={"file": ("p.png", _picture(), "image/png")}))
        body = {
            "title": f"满城抽纸 {next(_numbers)}",
            "category_key": await self._category(),
            "description": "湿水不破",
            "origin": "河北保定",
            "selling_points": ["湿水不破"],
            "attributes": [{"name": "层数", "value": "4"}],
            "picture_ids": [picture["id"]],
            "service_tags": ["ship_48h"],
            "freight_fen": freight_fen,
            "commission_bps": commission_bps,
            "skus": [{"name": "10 包", "price_fen": price_fen, "stock": stock, **sku}],
        }
        base = f"/api/shops/{self.id}/products"
        made = ok(await self.staff.client.post(base, json=body, headers=key()))
        ok(await self.staff.client.post(f"{base}/{made['id']}/submit"))
        decided = {"approve": True, "reason": "合格"}
        ok(await self.reviewer.client.post(f"/api/reviews/products/{made['id']}", json=decided))
        return dict(ok(await self.staff.client.get(f"{base}/{made['id']}")))

    async def sku(self, **wanted: Any) -> dict[str, Any]:
        """The SKU of a new product: {id, price_fen, …} and its product_id."""
        product = await self.product(**wanted)
        return {**product["skus"][0], "product_id": product["id"]}

    async def _category(self) -> str:
        found = ok(await self.staff.client.get("/api/categories"))["items"]
        parents = {one["parent_key"] for one in found}
        return str(next(one["key"] for one in found if one["key"] not in parents))

    async def stock_left(self, product_id: str) -> int:
        product = ok(await self.staff.client.get(f"/api/products/{product_id}"))
        return sum(int(sku["stock_left"]) for sku in product["skus"])


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 640), (200, next(_numbers) % 255, 40)).save(out, "PNG")
    return out.getvalue()


async def open_shop(sign_in: SignIn) -> Shop:
    """A merchant that a reviewer has approved."""
    owner = await sign_in(nickname="老周纸业")
    reviewer = await sign_in(roles=[("reviewer", "platform", None)])
    number = next(_numbers)
    stem = f"91130607{uuid.uuid4().int % 10**9:09d}"
    body = {
        "legal_name": "满城县老周纸业有限公司",
        "licence_number": stem + licence_check_character(stem),
        "legal_person": "周大山",
        "contact_phone": owner.phone,
        "shop_name": f"老周纸品店{os.getpid()}{number}",
        "province": "河北省",
        "city": "保定市",
        "address": "满城区纸城路 1 号",
    }
    merchant = ok(await owner.client.post("/api/merchants", json=body, headers=key()))
    decided = {"approve": True, "reason": "资料齐全"}
    approved = ok(await reviewer.client.post(f"/api/reviews/merchants/{merchant['id']}", json=decided))
    return Shop(UUID(approved["shop"]["id"]), approved["shop"]["name"], owner, reviewer)


@dataclass
class Buyer:
    person: Person
    address_id: str

    @property
    def client(self) -> httpx.AsyncClient:
        return self.person.client

    def wanted(self, sku: dict[str, Any], quantity: Any = 1, **changes: Any) -> dict[str, Any]:
        line = {"sku_id": sku["id"], "quantity": quantity, "unit_price_fen": sku["price_fen"]}
        return {"lines": [line], "address_id": self.address_id, "source": {"kind": "shelf"}} | changes

    async def place(self, sku: dict[str, Any], quantity: int = 1, **changes: Any) -> dict[str, Any]:
        body = self.wanted(sku, quantity, **changes)
        (order,) = (await self.check_out(body))["orders"]
        return dict(order)

    async def check_out(self, body: dict[str, Any]) -> dict[str, Any]:
        """The checkout, with an order for each shop."""
        return dict(ok(await self.client.post("/api/orders", json=body, headers=key())))

    async def order(self, order_id: str) -> dict[str, Any]:
        return dict(ok(await self.client.get(f"/api/orders/{order_id}")))

    async def pay_url(self, order_id: str) -> str:
        body = {"method": "wechat_h5", "return_path": f"/orders?paid={order_id}"}
        return str(ok(await self.client.post(f"/api/orders/{order_id}/payments", json=body, headers=key()))["pay_url"])

    async def payment(self, order_id: str) -> str:
        return str(ok(await self.client.get(f"/api/orders/{order_id}/payment"))["state"])


async def make_buyer(sign_in: SignIn, nickname: str = "李小明") -> Buyer:
    person = await sign_in(nickname=nickname)
    body = {
        "name": "李小明",
        "phone": "13800138000",
        "province": "云南省",
        "city": "大理白族自治州",
        "district": "宾川县",
        "detail": "金牛镇 8 号",
    }
    return Buyer(person, str(ok(await person.client.post("/api/addresses", json=body, headers=key()))["id"]))


async def events_of(here: Context, order_id: str) -> list[str]:
    """The subjects published about an order, in order (nothing relays them while no worker runs)."""
    async with here.database.transaction() as db:
        rows = (await db.execute(select(outbox).order_by(outbox.c.position))).all()
    found = []
    for row in rows:
        if row.subject == OrdersPlaced.subject and order_id in row.body["order_ids"]:
            found.append(OrderPlaced.subject)
        elif row.aggregate_id == order_id:
            found.append(row.subject)
    return found


async def book_payment(here: Context, order_id: str) -> None:
    """The order is paid and booked as if the provider had said so: for tests that are not about paying."""
    async with here.database.transaction() as db:
        order = await mark_paid(db, await lock_order(db, UUID(order_id)), clock.now())
        gateway = Account(AccountKind.GATEWAY, scope="wechatpay")
        entries = move(gateway, (Account(AccountKind.ESCROW, order.shop_id), order.total_fen))
        why = "trade.why.ledger_payment"
        await post(db, Posting(PostingKind.PAYMENT, f"payment:{order.id}", order.id, why, "payment", entries))


async def assert_ledger_sound(here: Context) -> None:
    async with here.database.transaction() as db:
        report = await check_ledger(db)
    assert report.sum_fen == 0
    assert report.faults == (), report.faults


async def column(here: Context, query: str, **values: Any) -> list[Any]:
    async with here.database.transaction() as db:
        return [row[0] for row in await db.execute(text(query), values)]
