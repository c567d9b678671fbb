"""A room with a host, goods and a stream, for the stage's tests: seeded in the tables below, driven through the routes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx

from kaibo.goods.catalog.tables import products, skus
from kaibo.goods.inventory.tables import stock
from kaibo.kernel import clock, context
from kaibo.kernel.context import Context
from kaibo.kernel.ids import new_id
from kaibo.people.merchants.tables import merchants, shops
from kaibo.people.realname.tables import realnames
from kaibo.stage.live.share import Share
from tests.conftest import SignIn
from tests.people_of_tests import Person

_numbers = itertools.count(1)


def key() -> dict[str, str]:
    """A fresh Idempotency-Key header."""
    return {"Idempotency-Key": str(new_id())}


@dataclass
class Goods:
    shop_id: UUID
    product_ids: list[UUID]
    sku_ids: list[UUID]
    price_fen: int


async def stock_shop(here: Context, owner_id: UUID, count: int = 3, price_fen: int = 2990, pieces: int = 100) -> Goods:
    """An approved merchant's shop with `count` approved products of one SKU each."""
    made = Goods(new_id(), [new_id() for _ in range(count)], [new_id() for _ in range(count)], price_fen)
    merchant_id, number = new_id(), next(_numbers)
    async with here.database.transaction() as db:
        await db.execute(
            merchants.insert().values(
                id=merchant_id,
                owner_id=owner_id,
                legal_name="江山木门厂",
                licence_number=f"L{made.shop_id.hex[:17].upper()}",
                legal_person="王师傅",
                contact_phone="13800000000",
                shop_name=f"木门 {made.shop_id.hex[-12:]}",
                province="浙江省",
                city="衢州市",
                address="江山市 1 号",
                category_keys=[],
                state="approved",
            )
        )
        await db.execute(
            shops.insert().values(
                id=made.shop_id, merchant_id=merchant_id, name=f"木门 {made.shop_id.hex[-12:]}", description=""
            )
        )
        for place, (product_id, sku_id) in enumerate(zip(made.product_ids, made.sku_ids, strict=True), start=1):
            await db.execute(
                products.insert().values(
                    id=product_id,
                    shop_id=made.shop_id,
                    title=f"实木门 {number}-{place}",
                    category_key="doors",
                    description="",
                    origin="江山",
                    selling_points=[],
                    attributes=[],
                    service_tags=["seven_day_return"],
                    freight_fen=0,
                    commission_bps=1000,
                    state="approved",
                    search_text=f"实木门 {number}-{place}",
                )
            )
            await db.execute(
                skus.insert().values(
                    id=sku_id, product_id=product_id, shop_id=made.shop_id, name="单扇", price_fen=price_fen, position=0
                )
            )
            await db.execute(
                stock.insert().values(sku_id=sku_id, product_id=product_id, shop_id=made.shop_id, stock=pieces)
            )
    return made


async def verify_realname(here: Context, person_id: UUID) -> None:
    async with here.database.transaction() as db:
        await db.execute(
            realnames.insert().values(
                id=new_id(),
                person_id=person_id,
                name_sealed=b"x",
                number_sealed=b"x",
                number_hmac=person_id.bytes,
                birth=date(1990, 1, 1),
                state="verified",
                decided_at=clock.now(),
            )
        )


async def hook(client: httpx.AsyncClient, action: str, **body: Any) -> httpx.Response:
    """What the media engine would post."""
    secret = context.settings().hook_secret
    said = {"action": action, "client_id": "c1", "ip": "127.0.0.1", "vhost": "v", "app": "live", "param": "", **body}
    return await client.post("/api/media/hooks", json=said, headers={"Authorization": f"Bearer {secret}"})


@dataclass
class Stage:
    host: Person
    room_id: UUID
    broadcast_id: UUID
    goods: Goods
    item_ids: list[UUID]
    stream_key: str

    @property
    def room(self) -> str:
        return f"/api/rooms/{self.room_id}"

    @property
    def broadcast(self) -> str:
        return f"/api/broadcasts/{self.broadcast_id}"


async def open_stage(sign_in: SignIn, here: Context, *, items: int = 3, state: str = "live") -> Stage:
    """A room whose broadcast is in `state` ("draft", "rehearsal" or "live")."""
    host = await sign_in(nickname="主播小江")
    await verify_realname(here, host.id)
    goods = await stock_shop(here, host.id, items)
    web = host.client
    room = ok(await web.post("/api/rooms", json={"name": "江山木门工厂"}, headers=key()))
    path = f"/api/rooms/{room['id']}"
    body = {"title": "今天看实木门", "operator_name": "江山木门厂", "marks": []}
    broadcast = ok(await web.post(f"{path}/broadcasts", json=body, headers=key()))
    there = f"/api/broadcasts/{broadcast['id']}"
    ids = [str(p) for p in goods.product_ids]
    bag = ok(await web.post(f"{there}/bag", json={"product_ids": ids}, headers=key())) if items else {"items": []}
    ingest = ok(await web.get(f"{path}/ingest"))
    made = Stage(
        host,
        UUID(room["id"]),
        UUID(broadcast["id"]),
        goods,
        [UUID(i["id"]) for i in bag["items"]],
        ingest["stream_key"],
    )
    if state != "draft":
        ok(await web.post(f"{there}/rehearse"))
    if state == "live":
        said = await hook(web, "on_publish", stream=made.stream_key, client_id=f"c-{room['id']}")
        assert said.json()["code"] == 0, said.text
        ok(await web.post(f"{there}/go-live"))
    return made


def ok(answer: httpx.Response) -> Any:
    """The JSON of a good answer."""
    assert answer.status_code < 300, (
        f"{answer.request.method} {answer.request.url} -> {answer.status_code} {answer.text}"
    )
    return answer.json() if answer.content else None


@asynccontextmanager
async def worker(here: Context) -> AsyncIterator[Share]:
    """A worker's room owners, in this process."""
    stop = asyncio.Event()
    share = Share(here.database, here.bus, here.settings.database_url)
    running = asyncio.create_task(share.run(stop))
    try:
        yield share
    finally:
        stop.set()
        await asyncio.wait_for(running, timeout=10)


async def eventually(check: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Wait until `check` gives something true; fails after `seconds`."""
    until = clock.monotonic() + seconds
    while True:
        found = check()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert clock.monotonic() < until, "it did not happen in time"
        await asyncio.sleep(0.02)


async def owned(share: Share, room_id: UUID) -> None:
    """Wait until this worker owns the room."""
    await eventually(lambda: room_id in share.rooms and share.rooms[room_id].ready.is_set())
