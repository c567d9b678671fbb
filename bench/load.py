"""The crowd: wrk, so that the load generator is not what is measured. What it could do at most is measured in the same run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psutil
import uvloop

from kaibo.kernel.engines.ports import free_port

SCRIPT = Path(__file__).with_name("wrk.lua")
ANSWER = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 1500\r\n\r\n" + b"x" * 1500


@dataclass(frozen=True)
class Ask:
    """One buyer's request, which is sent again and again with a fresh Idempotency-Key."""

    path: str
    headers: dict[str, str]
    body: bytes

    def line(self, port: int) -> str:
        said = "".join(f"{name}: {value}\\n" for name, value in self.headers.items())
        head = f"POST {self.path} HTTP/1.1\\nHost: 127.0.0.1:{port}\\nContent-Type: application/json\\n{said}"
        return f"{head}\t\\nContent-Length: {len(self.body)}\\n\\n{self.body.decode()}\n"


@dataclass(frozen=True)
class Load:
    """What the crowd saw. `answered` were acknowledged: none was refused, or `refused` says how many were."""

    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int

    @property
    def per_second(self) -> float:
        return (self.answered - self.refused) / self.seconds


async def let_in(ports: Sequence[int], asks: Sequence[Ask], connections: int, seconds: float) -> Load:
    """Let `connections` buyers, shared among the ports, order for some seconds. Raises RuntimeError where a connection broke."""
    parts = await asyncio.gather(*(_wrk(port, asks, connections // len(ports), seconds) for port in ports))
    return Load(
        sum(part.answered for part in parts),
        max(part.seconds for part in parts),
        max(part.p50_ms for part in parts),
        max(part.p99_ms for part in parts),
        sum(part.refused for part in parts),
    )


async def _wrk(port: int, asks: Sequence[Ask], connections: int, seconds: float) -> Load:
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is not installed; bin/bench installs it, or: apt-get install wrk")
    with tempfile.NamedTemporaryFile("w", suffix=".requests", encoding="utf-8") as file:
        file.writelines(ask.line(port) for ask in asks)
        file.flush()
        running = await asyncio.create_subprocess_exec(
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s", "-s", str(SCRIPT)),
            *(f"http://127.0.0.1:{port}", "--", file.name, secrets.token_hex(6)),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await running.communicate()
    told = json.loads(output.decode().strip().rsplit("\n", 1)[-1])
    if told["broken"]:
        raise RuntimeError(f"{told['broken']} connections broke, so the figure would mean nothing")
    return Load(told["requests"], told["seconds"], told["p50_ms"], told["p99_ms"], told["refused"])


class _Echo(asyncio.Protocol):
    """Answers every request at once, reading no more of it than it must."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER * max(1, data.count(b"POST ")))


async def generator_alone(asks: Sequence[Ask], connections: int, seconds: float) -> float:
    """Requests a second that the generator sends to a server that does nothing."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.load", str(port := free_port()))
    try:
        await asyncio.sleep(1.5)
        return (await let_in([port], asks, connections, seconds)).per_second
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def most_memory(processes: Sequence[psutil.Process]) -> AsyncIterator[list[float]]:
    """MiB that each of these processes held at most while the block ran."""
    most = [0.0] * len(processes)

    async def watch() -> None:
        while True:
            for at, process in enumerate(processes):
                most[at] = max(most[at], process.memory_info().rss / (1 << 20))
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    try:
        yield most
    finally:
        watching.cancel()


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Echo, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
