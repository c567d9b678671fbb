"""Somebody else's server: a real one that keeps what it is sent and answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn
from standardwebhooks.webhooks import Webhook

from kaibo.kernel.engines.ports import free_port


@dataclass(frozen=True)
class Call:
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """The message, checked by the specification's own library. Raises WebhookVerificationError."""
        read: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return read

    @property
    def message(self) -> dict[str, Any]:
        read: dict[str, Any] = orjson.loads(self.body)
        return read


@dataclass
class Receiver:
    url: str
    calls: list[Call] = field(default_factory=list)
    answer: int = 200
    answer_body: bytes = b"thanks"
    answer_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    wait_seconds: float = 0.0

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            part = await receive()
            if part["type"] == "http.disconnect":
                return  # whoever called was killed in the middle of it
            body, more = body + part.get("body", b""), part.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.calls.append(Call(headers, body))
        await asyncio.sleep(self.wait_seconds)
        await send({"type": "http.response.start", "status": self.answer, "headers": self.answer_headers})
        await send({"type": "http.response.body", "body": self.answer_body})

    async def until(self, condition: Callable[[], Awaitable[bool] | bool], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while True:
                met = condition()
                if (await met) if not isinstance(met, bool) else met:
                    return
                await asyncio.sleep(0.05)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    port = free_port()
    made = Receiver(f"http://127.0.0.1:{port}/hook")
    server = uvicorn.Server(
        uvicorn.Config(
            made.app,
            host="127.0.0.1",
            port=port,
            interface="asgi3",
            lifespan="off",
            log_level="error",
            access_log=False,
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield made
    server.should_exit = True
    await serving
