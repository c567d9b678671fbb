"""The people of the journeys: a merchant with goods, a host with a room, a reviewer; made through the public API only."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import dataclass
from typing import Any

import httpx
import imageio_ffmpeg
import pyotp
from PIL import Image, ImageDraw

from kaibo.demo.door import Door
from kaibo.demo.invented import identity_number, licence_number
from kaibo.demo.person import Person, fresh_key
from tests.journeys.house import PASSWORD, RunningHouse

PRICE_FEN = 2990
COMMISSION_BPS = 1000
STOCK = 50_000


@dataclass
class Town:
    house: RunningHouse
    door: Door
    reviewer: Person
    merchant: Person
    host: Person
    shop_id: str = ""
    product_id: str = ""
    sku_id: str = ""
    room_id: str = ""
    broadcast_id: str = ""
    item_id: str = ""
    stream_key: str = ""
    pusher: asyncio.subprocess.Process | None = None

    @classmethod
    async def settle(cls, house: RunningHouse) -> Town:
        """Everybody signs in and is checked, and the goods are on sale."""
        door = Door(house.ports["PORT"])
        secret = await asyncio.to_thread(house.add_staff, "judge")
        reviewer = Person(door)
        await reviewer.sign_in_as_staff("judge", PASSWORD, pyotp.TOTP(secret).now())
        town = cls(house, door, reviewer, Person(door, "19900000001"), Person(door, "19900000002"))
        await town.merchant.sign_in()
        await town.host.sign_in()
        await town.host.be_called("果园阿姐")
        await town._open_shop()
        await town._stock_goods()
        await town._open_room()
        return town

    async def buyer(self, number: int, nickname: str = "买家", door: Door | None = None) -> Person:
        """A signed-in buyer."""
        made = Person(door or self.door, f"1990001{number:04d}")
        await made.sign_in()
        await made.be_called(f"{nickname}{number}")
        return made

    async def _open_shop(self) -> None:
        merchant = await self.merchant.post(
            "/api/merchants",
            {
                "legal_name": "周至秦岭果业有限公司", "licence_number": licence_number(7), "legal_person": "赵果果",
                "contact_phone": "13800001111", "shop_name": "秦岭果园", "province": "陕西省", "city": "西安市",
                "address": "周至县楼观镇果园路1号", "category_keys": [],
            },
            key=fresh_key(),
        )  # fmt: skip
        await self.reviewer.post(f"/api/reviews/merchants/{merchant['id']}", {"approve": True, "reason": "证照齐全"})
        mine = (await self.merchant.get("/api/merchants/mine"))["items"][0]
        self.shop_id = mine["shop"]["id"]

    async def _stock_goods(self) -> None:
        picture = await self.merchant.upload("/api/pictures", "kiwi.jpg", drawn_kiwi(), "image/jpeg")
        leaf = next(c for c in (await self.merchant.get("/api/categories"))["items"] if c["parent_key"])
        product = await self.merchant.post(
            f"/api/shops/{self.shop_id}/products",
            {
                "title": "周至徐香猕猴桃 5斤装", "category_key": leaf["key"],
                "description": "现摘现发，坏果包赔。", "origin": "陕西周至",
                "selling_points": ["现摘现发"], "attributes": [{"name": "规格", "value": "5斤"}], "picture_ids": [picture["id"]],
                "service_tags": ["seven_day_return"], "freight_fen": 0, "commission_bps": COMMISSION_BPS,
                "skus": [{"name": "大果 5斤", "price_fen": PRICE_FEN, "stock": STOCK}],
            },
            key=fresh_key(),
        )  # fmt: skip
        self.product_id, self.sku_id = product["id"], product["skus"][0]["id"]
        await self.merchant.post(f"/api/shops/{self.shop_id}/products/{self.product_id}/submit")
        await self.reviewer.post(f"/api/reviews/products/{self.product_id}", {"approve": True, "reason": "合规"})

    async def _open_room(self) -> None:
        await self.host.post("/api/realname", {"real_name": "李果果", "id_number": identity_number(7)}, key=fresh_key())
        waiting = (await self.reviewer.get("/api/reviews/realnames?state=pending"))["items"]
        await self.reviewer.post(f"/api/reviews/realnames/{waiting[0]['id']}", {"approve": True, "reason": "一致"})
        self.room_id = (await self.host.post("/api/rooms", {"name": "周至果园阿姐"}, key=fresh_key()))["id"]
        ingest = await self.host.get(f"/api/rooms/{self.room_id}/ingest")
        self.stream_key = ingest["stream_key"]

    async def prepare_broadcast(self) -> None:
        """A draft with its notices and the kiwi in the bag."""
        broadcast = await self.host.post(
            f"/api/rooms/{self.room_id}/broadcasts",
            {"title": "今天现摘的猕猴桃", "operator_name": "周至秦岭果业有限公司", "marks": []},
            key=fresh_key(),
        )
        self.broadcast_id = broadcast["id"]
        bag = await self.host.post(
            f"/api/broadcasts/{self.broadcast_id}/bag", {"product_ids": [self.product_id]}, key=fresh_key()
        )
        self.item_id = bag["items"][0]["id"]

    async def go_live(self) -> None:
        """Push a test picture over RTMP and go live with the kiwi in pitch."""
        await self.prepare_broadcast()
        await self.push()
        await self.until(
            lambda: self.host.get(f"/api/rooms/{self.room_id}/ingest"), lambda ingest: bool(ingest["publishing"])
        )
        await self.host.post(f"/api/broadcasts/{self.broadcast_id}/rehearse")
        await self.host.post(f"/api/broadcasts/{self.broadcast_id}/go-live")
        await self.host.post(f"/api/broadcasts/{self.broadcast_id}/pitches", {"item_id": self.item_id}, key=fresh_key())

    async def push(self, key: str = "") -> asyncio.subprocess.Process:
        """A real RTMP push by ffmpeg: moving bars and a tone."""
        address = f"rtmp://127.0.0.1:{self.house.ports['RTMP_PORT']}/live/{key or self.stream_key}"
        self.pusher = await asyncio.create_subprocess_exec(
            imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-re",
            "-f", "lavfi", "-i", "testsrc2=size=360x640:rate=15", "-f", "lavfi", "-i", "sine=frequency=330:sample_rate=44100",
            "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15", "-b:v", "400k", "-pix_fmt", "yuv420p",
            "-c:a", "aac", "-b:a", "48k", "-f", "flv", address,
            stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return self.pusher

    async def stop_pushing(self) -> None:
        if self.pusher is not None and self.pusher.returncode is None:
            self.pusher.terminate()
            await self.pusher.wait()

    async def pay(self, buyer: Person, order_id: str) -> None:
        """Open the cashier and confirm, as the sandbox's automated buyer."""
        payment = await buyer.post(
            f"/api/orders/{order_id}/payments",
            {"method": "wechat_h5", "return_path": f"/rooms/{self.room_id}"},
            key=fresh_key(),
        )
        found = re.search(r"[?&]prepay_id=([^&]+)", payment["pay_url"])
        assert found, payment["pay_url"]
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"http://127.0.0.1:{self.house.ports['GATEWAY_PORT']}/sandbox/pay/{found.group(1)}",
                json={"outcome": "success"},
            )
        assert answer.status_code < 300, answer.text

    async def address_of(self, buyer: Person) -> str:
        made = await buyer.post(
            "/api/addresses",
            {
                "name": "李雷", "phone": "13800138000", "province": "陕西省", "city": "西安市", "district": "雁塔区",
                "detail": "科技路1号3-1201", "is_default": True,
            },
            key=fresh_key(),
        )  # fmt: skip
        return str(made["id"])

    async def place(self, buyer: Person, address_id: str, quantity: int = 1, key: str = "") -> dict[str, Any]:
        """An order of kiwis from the live room."""
        body = {
            "lines": [{"sku_id": self.sku_id, "quantity": quantity, "unit_price_fen": PRICE_FEN}],
            "address_id": address_id,
            "source": {"kind": "broadcast", "id": self.broadcast_id, "item": self.item_id},
        }
        made: dict[str, Any] = await buyer.post("/api/orders", body, key=key or fresh_key())
        (order,) = made["orders"]
        return dict(order)

    async def checked_books(self) -> dict[str, Any]:
        """The whole ledger recomputed now: {sum_fen, faults, kinds, ...}."""
        before = (await self.reviewer.get("/api/operator/ledger"))["check"]
        await self.reviewer.post("/api/operator/ledger/check")
        ledger = await self.until(
            lambda: self.reviewer.get("/api/operator/ledger"), lambda now: now["check"] not in (None, before)
        )
        return dict(ledger["check"])

    async def close(self) -> None:
        await self.stop_pushing()
        await self.door.__aexit__(None, None, None)

    @staticmethod
    async def until(ask: Any, good: Any, seconds: float = 30) -> Any:
        """Ask again and again until the answer is good."""
        answer = None
        try:
            async with asyncio.timeout(seconds):
                while not good(answer := await ask()):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s; the last answer was {answer}") from None
        return answer


def drawn_kiwi() -> bytes:
    picture = Image.new("RGB", (640, 640), "#f3f6ea")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((80, 110, 560, 550), fill="#8a6a3f")
    pen.ellipse((105, 135, 535, 525), fill="#9ccf3e")
    pen.ellipse((270, 280, 370, 380), fill="#eef5d2")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()
