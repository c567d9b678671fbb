"""A crowd of buyers as its own process: each has one connection and orders again as soon as the last order was answered.

Reads one JSON object from standard input: `port`, `warm_up_seconds`, `seconds` and `buyers`, a list of `{path, headers, body}`.
Every request carries a fresh Idempotency-Key. Prints "measuring" when the warm-up is over, "measured" when the time is up, and then
one line of JSON. Orders that are under way at the end are waited for, so that what was acknowledged can be counted in the database.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any
from uuid import uuid4

import uvloop

ANSWER_SECONDS_MAX = 60


class Crowd:
    def __init__(self, warm_up_seconds: float, seconds: float) -> None:
        self._measure_from = time.monotonic() + warm_up_seconds
        self.until = self._measure_from + seconds
        self.acknowledged = 0
        self.measured = 0
        self.took_ms: list[float] = []
        self.refused: Counter[str] = Counter()

    def note(self, began: float, ended: float, status: int, answer: bytes) -> None:
        if status != 201:
            self.refused[f"{status} {answer[:200].decode(errors='replace')}"] += 1
            return
        self.acknowledged += 1
        if self._measure_from <= ended < self.until:
            self.measured += 1
            self.took_ms.append((ended - began) * 1000)

    async def announce(self) -> None:
        await asyncio.sleep(self._measure_from - time.monotonic())
        print("measuring", flush=True)
        await asyncio.sleep(self.until - time.monotonic())
        print("measured", flush=True)

    async def buy(self, port: int, buyer: dict[str, Any]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps(buyer["body"]).encode()
        said = "".join(f"{name}: {value}\r\n" for name, value in buyer["headers"].items())
        head = f"POST {buyer['path']} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{said}"
        while (began := time.monotonic()) < self.until:
            key = f"Idempotency-Key: {uuid4().hex}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write((head + key).encode() + body)
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                status, answer = await _answer(reader)
            self.note(began, time.monotonic(), status, answer)
        writer.close()

    def report(self) -> dict[str, Any]:
        took = sorted(self.took_ms) or [float("nan")]
        return {
            "acknowledged": self.acknowledged,
            "measured": self.measured,
            "p50_ms": took[len(took) // 2],
            "p99_ms": took[int(len(took) * 0.99)],
            "refused": self.refused,
        }


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    at = head.lower().index(b"content-length:") + 15
    return status, await reader.readexactly(int(head[at : head.index(b"\r", at)]))


async def main() -> None:
    asked = json.loads(sys.stdin.readline())
    crowd = Crowd(asked["warm_up_seconds"], asked["seconds"])
    await asyncio.gather(crowd.announce(), *(crowd.buy(asked["port"], buyer) for buyer in asked["buyers"]))
    print(json.dumps(crowd.report()), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
