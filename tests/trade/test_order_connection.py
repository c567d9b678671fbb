"""POST /api/orders on a real socket: what our connection answers without a task, and what it leaves to uvicorn."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from kaibo.kernel.web.app import Application
from tests.trade.world import Buyer, Shop, ok

Headers = dict[str, str]


@dataclass
class Line:
    """One connection to the house."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    buyer: Buyer

    def request(self, body: bytes, **changes: str | None) -> bytes:
        """As a browser sends it; a header that is None is left out."""
        client = self.buyer.person.client
        headers: dict[str, str | None] = {
            "Host": "kaibo.test",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Idempotency-Key": uuid.uuid4().hex,
            "Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items()),
            "X-CSRF-Token": client.headers["X-CSRF-Token"],
        } | {name.replace("_", "-"): value for name, value in changes.items()}
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return "\r\n".join(["POST /api/orders HTTP/1.1", *lines, "", ""]).encode() + body

    async def answer(self) -> tuple[int, Headers, Any]:
        """(status, headers, the JSON body)"""
        async with asyncio.timeout(20):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, orjson.loads(body)

    async def ask(self, request: bytes) -> tuple[int, Headers, Any]:
        self.writer.write(request)
        return await self.answer()


@pytest.fixture
async def line(app_url: str, buyer: Buyer) -> AsyncIterator[Line]:
    address = urlsplit(app_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    yield Line(reader, writer, buyer)
    writer.close()


@pytest.fixture
async def body(shop: Shop, buyer: Buyer) -> bytes:
    return orjson.dumps(buyer.wanted(await shop.sku(stock=40)))


async def test_orders_follow_one_another_on_one_connection(
    line: Line, body: bytes, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bool] = []
    take = Application.take
    monkeypatch.setattr(Application, "take", lambda *asked: taken.append(take(*asked)) or taken[-1])
    placed = [await line.ask(line.request(body, X_Request_Id=f"mine{at}")) for at in range(3)]
    for at, (status, headers, checkout) in enumerate(placed):
        assert (status, headers["x-request-id"], headers["content-type"]) == (201, f"mine{at}", "application/json")
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
        assert "date" in headers
        assert ok(await buyer.client.get(f"/api/checkouts/{checkout['id']}")) == checkout
    assert len({checkout["id"] for _, _, checkout in placed}) == 3
    assert taken == [True, True, True]


async def test_one_key_is_one_order(line: Line, body: bytes) -> None:
    request = line.request(body)
    first, again = await line.ask(request), await line.ask(request)
    assert (first[0], again[0]) == (201, 201)
    assert first[2] == again[2]


async def test_requests_sent_at_once_are_answered_in_their_order(line: Line, body: bytes) -> None:
    line.writer.write(line.request(body) + b"GET /api/meta HTTP/1.1\r\nHost: kaibo.test\r\n\r\n" + line.request(body))
    first, meta, last = [await line.answer() for _ in range(3)]
    assert (first[0], meta[0], last[0]) == (201, 200, 201)
    assert meta[2]["name"] == "Kaibo 开播"
    assert first[2]["id"] != last[2]["id"]


async def test_a_request_may_come_in_pieces(line: Line, body: bytes) -> None:
    request = line.request(body)
    for at in range(0, len(request), 97):
        line.writer.write(request[at : at + 97])
        await asyncio.sleep(0.002)
    assert (await line.answer())[0] == 201


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"X_CSRF_Token": "wrong"}, 403, "web.csrf_failed"),
        ({"Sec_Fetch_Site": "cross-site"}, 403, "web.csrf_failed"),
        ({"Idempotency_Key": None}, 422, "web.idempotency_key_missing"),
        ({"Cookie": "kaibo_login=nobody; kaibo_csrf=x", "X_CSRF_Token": "x"}, 401, "kernel.not_signed_in"),
        ({"Cookie": None}, 401, "kernel.not_signed_in"),
    ],
)
async def test_what_is_refused_is_said_and_the_connection_lives_on(
    line: Line, body: bytes, changes: dict[str, str | None], status: int, code: str
) -> None:
    refused = await line.ask(line.request(body, **changes))
    assert (refused[0], refused[2]["code"], refused[1]["content-type"]) == (status, code, "application/problem+json")
    assert refused[1]["x-request-id"] == refused[2]["request_id"]
    assert (await line.ask(line.request(body)))[0] == 201


async def test_wrong_bodies_are_named_by_the_documented_route(line: Line, body: bytes) -> None:
    assert (await line.ask(line.request(b"{")))[2]["code"] == "web.not_json"
    invalid = await line.ask(line.request(orjson.dumps(orjson.loads(body) | {"lines": []})))
    assert (invalid[0], invalid[2]["errors"][0]["path"]) == (422, "body.lines")
    long = orjson.dumps(orjson.loads(body) | {"note": "长" * 40_000})
    assert (await line.ask(line.request(long)))[0] == 422
    assert (await line.ask(line.request(body)))[0] == 201


async def test_sold_out_is_said_in_the_readers_language(line: Line, shop: Shop, buyer: Buyer) -> None:
    wanted = orjson.dumps(buyer.wanted(await shop.sku(stock=1)))
    assert (await line.ask(line.request(wanted)))[0] == 201
    chinese = await line.ask(line.request(wanted, Accept_Language="zh-CN"))
    english = await line.ask(line.request(wanted, Accept_Language="en"))
    assert [(answer[0], answer[2]["code"]) for answer in (chinese, english)] == [(409, "goods.out_of_stock")] * 2
    assert chinese[2]["detail"] != english[2]["detail"]


async def test_other_ways_to_send_it_are_uvicorns(line: Line, body: bytes) -> None:
    chunked = line.request(body, Content_Length=None, Transfer_Encoding="chunked")
    head = chunked[: -len(body)]
    assert (await line.ask(head + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"))[0] == 201
    waiting = line.request(body, Expect="100-continue")
    line.writer.write(waiting[: -len(body)])
    assert await line.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert (await line.ask(body))[0] == 201
    last = await line.ask(line.request(body, Connection="close"))
    assert (last[0], last[1]["connection"]) == (201, "close")
    assert await line.reader.read() == b""


async def test_who_hangs_up_has_ordered_and_disturbs_nobody(
    line: Line, app_url: str, body: bytes, buyer: Buyer
) -> None:
    before = len(ok(await buyer.client.get("/api/orders"))["items"])
    line.writer.write(line.request(body))
    await line.writer.drain()
    line.writer.close()
    async with asyncio.timeout(20):
        while len(ok(await buyer.client.get("/api/orders"))["items"]) == before:
            await asyncio.sleep(0.05)
    address = urlsplit(app_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    assert (await Line(reader, writer, buyer).ask(line.request(body)))[0] == 201
    writer.close()
