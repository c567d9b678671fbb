"""A browser's NATS client, as small as can be: the wire protocol over a WebSocket. The server's own rules are what is tested."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any

import websockets


class Viewer:
    """Connects with a viewer's token; collects frames and what the server complains about."""

    def __init__(self, events: dict[str, Any], subjects: list[str] | None = None) -> None:
        self._events = events
        self._subjects = events["subjects"] if subjects is None else subjects
        self.frames: list[dict[str, Any]] = []
        self.subjects_heard: list[str] = []
        self.errors: list[str] = []
        self._buffer = b""

    async def __aenter__(self) -> Viewer:
        self._socket = await websockets.connect(self._events["url"], max_size=None)
        hello = {
            "jwt": self._events["jwt"],
            "verbose": False,
            "pedantic": False,
            "lang": "test",
            "version": "1",
            "protocol": 1,
        }
        lines = [
            f"CONNECT {json.dumps(hello)}",
            *(f"SUB {s} {n}" for n, s in enumerate(self._subjects, start=1)),
            "PING",
        ]
        await self._socket.send("".join(f"{line}\r\n" for line in lines).encode())
        self._ponged = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        await asyncio.wait_for(self._ponged.wait(), timeout=5)
        return self

    async def __aexit__(
        self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()

    async def send(self, text: str) -> None:
        await self._socket.send(text.encode())

    async def _read(self) -> None:
        try:
            async for part in self._socket:
                self._buffer += part if isinstance(part, bytes) else part.encode()
                while self._take():
                    pass
        except websockets.ConnectionClosed:
            self.errors.append("closed")
        finally:
            self._ponged.set()

    def _take(self) -> bool:
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        if line.startswith(b"MSG "):
            _, subject, *_, size = line.decode().split(" ")
            if len(rest) < int(size) + 2:
                return False
            self.subjects_heard.append(subject)
            self.frames.append(json.loads(rest[: int(size)]))
            self._buffer = rest[int(size) + 2 :]
            return True
        if line == b"PONG":
            self._ponged.set()
        if line.startswith(b"-ERR"):
            self.errors.append(line.decode())
        self._buffer = rest
        return True

    def ticks(self) -> list[dict[str, Any]]:
        return [f for f in self.frames if f["t"] == "tick"]

    def ctl(self, kind: str) -> list[dict[str, Any]]:
        return [f for f in self.frames if f["t"] == "ctl" and f["kind"] == kind]

    def lines(self, kind: str = "line") -> list[dict[str, Any]]:
        return [e for f in self.ticks() for e in f["chat"] if e["kind"] == kind]
