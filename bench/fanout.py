"""(a) Viewer fan-out: messages delivered per CPU-second by room ticks over NATS, against a hub that sends a message at a time.

Logical message: one chat line or one like that reached one viewer; a tick carries the lines, and the likes summed. Measured with
lines alone, where nothing can be summed, and with the mix of a lively room, four likes a line. CPU: user + system time of every
server process that took part (the room's owner and nats-server; uvicorn for the hub), not of the crowd. Both sides get the same
crowd, one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.table import Row, Say, show, tell
from kaibo.kernel import clock
from kaibo.kernel.bus import Bus
from kaibo.kernel.engines.nats import NatsEngine
from kaibo.kernel.engines.nats_auth import mint_user
from kaibo.kernel.engines.ports import free_port
from kaibo.kernel.ids import new_id
from kaibo.stage.live import frames
from kaibo.stage.live.rules import TICK_SECONDS
from kaibo.stage.live.state import RoomState
from kaibo.stage.wire import ChatEventWire

SECONDS = 8.0
SIZES = (1_000, 5_000)
LINES_PER_SECOND = 200.0
"""What the ticks are offered: 40 lines in each of five ticks a second, the most a tick carries."""
LIKES_A_LINE = {"lines": 0, "lines and likes": 4}
HUB_SENDS_PER_SECOND = 20_000
"""What the hub is offered, viewers x messages: below its limit, so that its delay is not made of a backlog."""


@dataclass(frozen=True)
class Measured:
    viewers: int
    messages_per_viewer: float
    cpu_seconds: float
    age_ms_p50: float
    age_ms_p99: float
    lost: int

    @property
    def per_cpu_second(self) -> float:
        return self.viewers * self.messages_per_viewer / self.cpu_seconds


async def crowd(port: int, path: str, words: list[str], viewers: int) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.viewers", "--port", str(port), "--path", path, "--viewers", str(viewers),
        "--seconds", str(SECONDS), "--words", json.dumps(words),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 120)
    if line.strip() != b"joined":
        raise RuntimeError(f"the crowd did not join: {line!r}")
    return process


async def begin(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    await process.stdin.drain()


async def report(process: asyncio.subprocess.Process, cpu_seconds: float) -> Measured:
    assert process.stdout is not None
    told: dict[str, Any] = json.loads(await process.stdout.readline())
    await process.wait()
    told.pop("bytes")
    return Measured(**told, cpu_seconds=cpu_seconds)


def cpu(pid: int) -> float:
    return float(sum(psutil.Process(pid).cpu_times()[:2]))


async def listening(*ports: int) -> None:
    """Returns once every port accepts connections."""
    async with asyncio.timeout(30):
        for port in ports:
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)


def chat_line(number: int) -> ChatEventWire:
    return ChatEventWire(
        id=new_id(), kind="line", name="用户1024", text=f"第{number}句：这个多少钱？", role=None, person_ref=f"p{number % 500}",
        demo=False, at=clock.now(),
    )  # fmt: skip


async def by_ticks(viewers: int, likes_a_line: int) -> Measured:
    """The room's real state and encoding, published by this process; nats-server carries it to everyone."""
    with tempfile.TemporaryDirectory() as directory:
        engine = NatsEngine(Path(directory), free_port(), "127.0.0.1", free_port())
        server = subprocess.Popen(engine.command(), stderr=subprocess.DEVNULL)
        bus = None
        try:
            room = new_id()
            jwt, _ = mint_user(
                engine.trust().account_seed,
                name="viewer",
                subscribe=[f"room.{room}.>"],
                publish=[],
                expires_in_seconds=600,
                bearer=True,
            )
            connect = json.dumps(
                {"verbose": False, "pedantic": False, "jwt": jwt, "lang": "bench", "version": "1", "protocol": 1}
            )
            await listening(engine.port, engine.websocket_port)
            bus = await Bus.connect(engine.url, credentials=str(engine.credentials))
            words = [f"CONNECT {connect}\r\nSUB room.{room}.tick 1\r\nPING\r\n"]
            watching = await crowd(engine.websocket_port, "/", words, viewers)
            await asyncio.sleep(1)
            before = cpu(server.pid) + time.process_time()
            await begin(watching)
            await _tick(bus, str(room), likes_a_line)
            return await report(watching, cpu(server.pid) + time.process_time() - before)
        finally:
            if bus is not None:
                await bus.close()
            server.terminate()
            server.wait(timeout=10)


async def _tick(bus: Bus, room: str, likes_a_line: int) -> None:
    """Messages come in evenly, a line stamped with its moment; every 200 ms what came in goes out."""
    state, lines_a_tick, number = RoomState(seq=0), int(LINES_PER_SECOND * TICK_SECONDS), 0
    state.tick()  # the first says how many likes there are, not how many were added
    began = time.monotonic()
    while time.monotonic() - began < SECONDS:
        stamps = []
        for _ in range(lines_a_tick):
            await asyncio.sleep(max(0.0, began + number / LINES_PER_SECOND - time.monotonic()))
            state.likes += likes_a_line
            state.add_line(chat_line(number))
            stamps.append(time.time_ns() // 1000)
            number += 1
        frame = state.tick()
        chat: Any = frame["chat"]
        frame["chat"] = [event | {"sent_us": at} for event, at in zip(chat, stamps, strict=True)]
        await bus.publish(f"room.{room}.tick", frames.encode(frame))
        await bus.client.flush()


async def by_hub(viewers: int, likes_a_line: int) -> Measured:
    """A send a message a viewer."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "bench.hub", str(port)])
    try:
        async with httpx.AsyncClient(timeout=SECONDS + 60) as client:
            for _ in range(200):
                try:
                    await client.get(f"http://127.0.0.1:{port}/")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
            watching = await crowd(port, "/room", [], viewers)
            await asyncio.sleep(1)
            before = cpu(server.pid)
            await begin(watching)
            rate = HUB_SENDS_PER_SECOND / viewers
            asked = {"rate": rate, "seconds": SECONDS, "likes_a_line": likes_a_line}
            await client.post(f"http://127.0.0.1:{port}/start", params=asked)
            return await report(watching, cpu(server.pid) - before)
    finally:
        server.terminate()
        server.wait(timeout=10)


def allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def rows(say: Say = tell, sizes: tuple[int, ...] = SIZES) -> list[Row]:
    allow_many_files()
    found = []
    for viewers, (what, likes) in product(sizes, LIKES_A_LINE.items()):
        say(f"fan-out: {viewers:,} viewers, {what}, a hub that sends a message at a time ...")
        hub = await by_hub(viewers, likes)
        say(f"fan-out: {viewers:,} viewers, {what}, room ticks over NATS ...")
        ticks = await by_ticks(viewers, likes)
        found += [
            Row(
                f"fan-out, {viewers:,} viewers, {what}: delivered per CPU-second",
                f"{ticks.per_cpu_second:,.0f}",
                f"{hub.per_cpu_second:,.0f} (FastAPI hub)",
                f"{ticks.per_cpu_second / hub.per_cpu_second:.0f}x",
                ">= 50x",
                ticks.per_cpu_second >= 50 * hub.per_cpu_second,
            ),
            Row(
                f"fan-out, {viewers:,} viewers, {what}: line sent to viewer, p50 / p99",
                f"{ticks.age_ms_p50:.0f} / {ticks.age_ms_p99:.0f} ms",
                f"{hub.age_ms_p50:.0f} / {hub.age_ms_p99:.0f} ms (FastAPI hub)",
                f"{ticks.lost} cut",
                "p50 <= 250 ms",
                ticks.age_ms_p50 <= 250,
            ),
        ]
    return found


if __name__ == "__main__":
    show(asyncio.run(rows(tell, tuple(int(n) for n in sys.argv[1:]) or SIZES)))
