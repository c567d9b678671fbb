"""A crowd of WebSocket viewers as its own process: as little work a frame as Python allows, so that the server is what is measured.

Every connection counts the bytes and frames it gets; one in PROBE_EVERY also reads them and reports how old each message was.
Prints one JSON line at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import statistics
import time
from functools import partial
from typing import cast

import uvloop

PROBE_EVERY = 50
CONNECT_AT_ONCE = 200
_SENT_AT = re.compile(rb'"sent_us":(\d+)')
_SUMMED_LIKES = re.compile(rb'"likes_delta":(\d+)')


def masked(payload: bytes) -> bytes:
    """One client-to-server binary frame (RFC 6455, 5.2), masked with zeros."""
    size = len(payload)
    head = bytes([0x82, 0x80 | size]) if size < 126 else bytes([0x82, 0x80 | 126]) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


class Viewer(asyncio.Protocol):
    """Upgrades, says its opening words, then counts."""

    def __init__(self, crowd: Crowd, path: str, words: list[bytes], *, probe: bool) -> None:
        self._crowd = crowd
        self._path = path
        self._words = words
        self._probe = probe
        self._upgraded = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        transport = self._transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self._upgraded:
            self._rest += data
            head, end, data = self._rest.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head:
                raise RuntimeError(head.decode())
            self._upgraded = True
            for word in self._words:
                self._transport.write(masked(word))
            self._crowd.joined += 1
        if b"PING\r\n" in data[:16]:
            self._transport.write(masked(b"PONG\r\n"))
        if self._crowd.counting:
            self._crowd.bytes += len(data)
            if self._probe:
                now = time.time_ns() // 1000
                found = _SENT_AT.findall(data)
                self._crowd.probed += len(found) + sum(int(likes) for likes in _SUMMED_LIKES.findall(data))
                self._crowd.ages_us += [now - int(sent) for sent in found]

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.lost += not self._crowd.leaving


class Crowd:
    def __init__(self) -> None:
        self.joined = self.lost = self.bytes = self.probed = 0
        self.ages_us: list[int] = []
        self.counting = self.leaving = False

    async def watch(self, port: int, path: str, words: list[bytes], viewers: int, seconds: float) -> dict[str, float]:
        loop = asyncio.get_running_loop()
        transports: list[asyncio.BaseTransport] = []
        for start in range(0, viewers, CONNECT_AT_ONCE):
            batch = range(start, min(viewers, start + CONNECT_AT_ONCE))
            made = await asyncio.gather(
                *(
                    loop.create_connection(
                        partial(Viewer, self, path, words, probe=i % PROBE_EVERY == 0), "127.0.0.1", port
                    )
                    for i in batch
                )
            )
            transports += [transport for transport, _ in made]
        while self.joined < viewers:
            await asyncio.sleep(0.05)
        print("joined", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, input)
        self.counting = True
        await asyncio.sleep(seconds)
        self.counting, self.leaving = False, True
        probes = len(range(0, viewers, PROBE_EVERY))
        for transport in transports:
            transport.abort()  # type: ignore[attr-defined]
        ages = sorted(self.ages_us)
        return {
            "viewers": viewers,
            "lost": self.lost,
            "bytes": self.bytes,
            "messages_per_viewer": self.probed / probes,
            "age_ms_p50": statistics.median(ages) / 1000 if ages else float("nan"),
            "age_ms_p99": ages[int(len(ages) * 0.99)] / 1000 if ages else float("nan"),
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, kind in (("port", int), ("path", str), ("viewers", int), ("seconds", float), ("words", str)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    given = parser.parse_args()
    words = [word.encode() for word in json.loads(given.words)]
    print(
        json.dumps(uvloop.run(Crowd().watch(given.port, given.path, words, given.viewers, given.seconds))), flush=True
    )


if __name__ == "__main__":
    main()
