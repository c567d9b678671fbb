"""A small real HTTP server that stands for the platform: it keeps what the hooks say and answers as told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import orjson

Body = dict[str, Any]


class HookServer:
    """`answer` gives (HTTP status, body) for a hook; the default allows everything."""

    def __init__(self) -> None:
        self.events: list[Body] = []
        self.authorizations: set[str] = set()
        self.answer: Callable[[Body], tuple[int, bytes]] = lambda _body: (200, b"0")
        self.delay_seconds = 0.0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._talks: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await self._server.wait_closed()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def of(self, action: str) -> list[Body]:
        return [event for event in self.events if event["action"] == action]

    def notices(self) -> list[str]:
        return [event["kind"] for event in self.of("on_notice")]

    async def wait(self, ready: Callable[[], object], seconds: float = 10) -> None:
        """Until `ready` holds, looked at after every hook and ten times a second."""
        async with asyncio.timeout(seconds):
            while not ready():
                self._arrived.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), 0.1)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                body = orjson.loads(await reader.readexactly(int(headers["content-length"])))
                self.authorizations.add(headers.get("authorization", ""))
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                status, answer = self.answer(body)
                if status == 200:
                    self.events.append(body)
                    self._arrived.set()
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(answer)) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            self._talks.discard(task)
            writer.close()
