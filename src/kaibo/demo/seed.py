"""Fills the house once, as merchants, hosts and a reviewer would: what is there already is found and left as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kaibo.demo.door import Door
from kaibo.demo.invented import HOUSE_PHONE, identity_number
from kaibo.demo.listing import product_key_of
from kaibo.demo.memory import Memory
from kaibo.demo.offers import make_offers
from kaibo.demo.person import Person

PAGES_MAX = 20
PICTURE_KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}

Tell = Callable[[str], None]
Mark = Callable[[Person], Awaitable[None]]


class NotApproved(Exception):
    """Something of the demo was refused by a person; what to do stands in the message."""


@dataclass(frozen=True)
class ShopPlan:
    """One merchant with a shop, a host with a room, and the products. `number` makes phones and identity numbers."""

    key: str
    number: int
    application: dict[str, Any]
    description: str
    merchant_name: str
    host_name: str
    host_real_name: str
    room_name: str
    products: dict[str, Callable[[list[str]], dict[str, Any]]]
    """By product key: the body of the product, given its picture ids."""

    @property
    def merchant_phone(self) -> str:
        return HOUSE_PHONE.format(10 + self.number)

    @property
    def host_phone(self) -> str:
        return HOUSE_PHONE.format(20 + self.number)


@dataclass(frozen=True)
class OpenShop:
    plan: ShopPlan
    shop_id: str
    merchant: Person
    host: Person
    room_id: str
    cover_id: str | None
    product_ids: dict[str, str]
    """Approved products by key."""


class Seeding:
    """`pictures` maps product keys, "cover:<shop>" and "avatar:<shop>" to image files."""

    def __init__(
        self, door: Door, memory: Memory, reviewer: Person, mark: Mark, tell: Tell, pictures: dict[str, Path]
    ) -> None:
        self._door = door
        self._memory = memory
        self._reviewer = reviewer
        self._mark = mark
        self._tell = tell
        self._pictures = pictures
        self.created = 0
        """How many things this run has made."""

    async def open_shop(self, plan: ShopPlan) -> OpenShop:
        """Everything up to a room that may go live."""
        self._tell(f"Opening the shop: {plan.key}")
        merchant = await self._person(plan.merchant_phone, plan.merchant_name)
        shop_id = await self._shop(plan, merchant)
        product_ids = await self._products(plan, merchant, shop_id)
        self.created += await make_offers(plan.key, merchant, shop_id, product_ids)
        self._tell(f"Opening the room: {plan.key}")
        host = await self._person(plan.host_phone, plan.host_name)
        await self._mark(host)
        await self._real_name(plan, host)
        room_id, cover_id = await self._room(plan, host)
        return OpenShop(plan, shop_id, merchant, host, room_id, cover_id, product_ids)

    async def _person(self, phone: str, nickname: str) -> Person:
        person = Person(self._door, phone, self._memory)
        await person.sign_in()
        await person.be_called(nickname)
        return person

    # --- the shop

    async def _shop(self, plan: ShopPlan, merchant: Person) -> str:
        mine = (await merchant.get("/api/merchants/mine"))["items"]
        found = next((m for m in mine if m["state"] != "refused"), None)
        if found is None:
            body = {**plan.application, "contact_phone": merchant.phone}
            found = await merchant.post("/api/merchants", body, key=f"demo-merchant-{plan.key}-{len(mine)}")
            self.created += 1
        if found["state"] == "pending":
            decided = {"approve": True, "reason": "资料齐全"}
            found = await self._reviewer.post(f"/api/reviews/merchants/{found['id']}", decided)
            await self._furnish(plan, merchant, found["shop"]["id"])
        return str(found["shop"]["id"])

    async def _furnish(self, plan: ShopPlan, merchant: Person, shop_id: str) -> None:
        picture = self._pictures.get(f"avatar:{plan.key}")
        body: dict[str, Any] = {"description": plan.description}
        if picture is not None:
            body["avatar_picture_id"] = await self._uploaded(merchant, picture)
        await merchant.patch(f"/api/shops/{shop_id}", body)

    # --- products

    async def _products(self, plan: ShopPlan, merchant: Person, shop_id: str) -> dict[str, str]:
        path = f"/api/shops/{shop_id}/products"
        there = {product_key_of(sku["code"]): p for p in await self._all(merchant, path) for sku in p["skus"]}
        approved: dict[str, str] = {}
        for number, (key, body) in enumerate(plan.products.items(), start=1):
            product = there.get(key)
            if product is None:
                self._tell(f"Filling the shelves of {plan.key}: {number} of {len(plan.products)}")
                picture_id = await self._uploaded(merchant, self._pictures[key])
                product = await merchant.post(path, body([picture_id]), key=f"demo-product-{key}")
                self.created += 1
            if product["state"] == "draft":
                product = await merchant.post(f"{path}/{product['id']}/submit")
            if product["state"] == "pending":
                decided = {"approve": True, "reason": "资料与图片相符"}
                product = await self._reviewer.post(f"/api/reviews/products/{product['id']}", decided)
            # What a person has refused or withdrawn stays so.
            if product["state"] == "approved":
                approved[key] = product["id"]
        if not approved:
            raise NotApproved(f"the shop {plan.key} has no approved product left: approve one at /desk/")
        return approved

    async def _all(self, person: Person, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(PAGES_MAX):
            page = await person.get(f"{path}?limit=50" + (f"&cursor={cursor}" if cursor else ""))
            found += page["items"]
            cursor = page["next_cursor"] or ""
            if not cursor:
                break
        return found

    # --- the host and the room

    async def _real_name(self, plan: ShopPlan, host: Person) -> None:
        state = (await host.get("/api/realname"))["state"]
        if state == "verified":
            return
        if state != "pending":
            body = {"real_name": plan.host_real_name, "id_number": identity_number(plan.number)}
            state = (await host.post("/api/realname", body, key=f"demo-realname-{plan.key}-{state}"))["state"]
            self.created += 1
        if state == "pending":
            pending = await self._all(self._reviewer, "/api/reviews/realnames")
            mine = next(claim for claim in pending if claim["person_id"] == host.id)
            decided = {"approve": True, "reason": "证件与本人一致"}
            await self._reviewer.post(f"/api/reviews/realnames/{mine['id']}", decided)

    async def _room(self, plan: ShopPlan, host: Person) -> tuple[str, str | None]:
        cover = self._pictures.get(f"cover:{plan.key}")
        cover_id = await self._uploaded(host, cover) if cover else None
        rooms = (await host.get("/api/console/rooms"))["items"]
        mine = next((entry["room"] for entry in rooms if entry["role"] == "host"), None)
        if mine is None:
            mine = await host.post("/api/rooms", {"name": plan.room_name}, key=f"demo-room-{plan.key}")
            self.created += 1
            if cover_id:
                await host.patch(f"/api/rooms/{mine['id']}", {"cover_picture_id": cover_id})
        return str(mine["id"]), cover_id

    async def _uploaded(self, person: Person, picture: Path) -> str:
        kind = PICTURE_KINDS[picture.suffix]
        content = await asyncio.to_thread(picture.read_bytes)
        return str((await person.upload("/api/pictures", picture.name, content, kind))["id"])
