"""(c) Orders a second through HTTP with durability on, against SELECT … FOR UPDATE through an ORM in the same run.

    python -m bench.orders [--seconds 8] [--short]

A whole `kaibo up` on its embedded PostgreSQL (fsync and synchronous_commit are asked of the server, not assumed), its worker
carrying the events on meanwhile. Thousands of buyers are signed in, each with a cookie and an address; wrk sends their orders, each
with a fresh Idempotency-Key, on so many connections, and a connection orders again as soon as the last order was answered. The
baseline is its own uvicorn process with a database of its own on the same server. After each part the database is asked: every
acknowledged order is there, once, its pieces are taken from the stock, and nothing is oversold. `--short` measures 512 connections
and one SKU only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import psutil
from tests.journeys.house import RunningHouse, steady_port
from tests.journeys.town import PRICE_FEN, Town

from bench.batch_alone import batches_alone
from bench.floor import PIECES, Buyer, asks_of, check, more_skus, settled, sign_in_many
from bench.load import Ask, Load, generator_alone, let_in, most_memory
from bench.table import Row, Say, show, tell
from kaibo import house as kaibo_house
from kaibo.kernel.engines.ports import free_port
from kaibo.kernel.engines.postgres import PostgresEngine

BUYERS = 5_000
SECONDS = 8.0
WARM_UP_SECONDS = 3.0
GOAL_PER_SECOND = 10_000
GOAL_RATIO = 50
GOAL_P99_MS = 150


@dataclass(frozen=True)
class Part:
    """One way to order: `skus` different ones, `lines` in a cart, so many `connections` to so many web `processes`."""

    connections: int
    skus: int = 1
    lines: int = 1
    processes: int = 1

    def __str__(self) -> str:
        what = "one hot SKU" if self.skus == 1 else f"{self.skus} SKUs"
        cart = f", carts of {self.lines} lines" if self.lines > 1 else ""
        webs = f", {self.processes} web processes" if self.processes > 1 else ""
        return f"{what}{cart}, {self.connections:,} connections{webs}"


HOT = Part(512)
PARTS = (
    HOT, Part(64), Part(2_000), Part(512, skus=8), Part(512, skus=64), Part(512, skus=64, lines=5), Part(512, processes=2)
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    load: Load
    cpu_us: dict[str, float]
    web_mib: float

    def parts(self) -> str:
        return ", ".join(f"{name} {used:,.0f}" for name, used in self.cpu_us.items())


@dataclass(frozen=True)
class Floor:
    """Where it is measured."""

    house: RunningHouse
    database: asyncpg.Connection
    engine: PostgresEngine
    buyers: list[Buyer]
    sku_id: UUID

    def server(self, name: str) -> psutil.Process:
        return self.house.child(name)


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process, of the children it has and of the children it had."""
    used: float = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            used += sum(child.cpu_times()[:2])
    return used


async def ours(floor: Floor, part: Part, seconds: float) -> Measured:
    skus = await more_skus(floor.database, floor.sku_id, part.skus)
    asks = asks_of(floor.buyers, skus, PRICE_FEN, part.lines)
    async with web_processes(floor, part.processes) as servers:
        ports, webs = zip(*servers, strict=True)
        await let_in(ports, asks, part.connections, WARM_UP_SECONDS)
        before = await settled(floor.database, skus)
        named = {"web": webs, "postgres": [floor.server("postgres")], "worker": [floor.server("worker")]}
        began = {name: sum(cpu(one) for one in group) for name, group in named.items()}
        async with most_memory(webs) as most:
            load = await let_in(ports, asks, part.connections, seconds)
        used = {name: sum(cpu(one) for one in group) - began[name] for name, group in named.items()}
        check(load.answered, part.connections, before, await settled(floor.database, skus), part.lines)
    if load.refused:
        raise RuntimeError(f"{load.refused} orders were refused, so the figure would mean nothing")
    return Measured(load, {name: spent * 1e6 / load.answered for name, spent in used.items()}, max(most))


@contextlib.asynccontextmanager
async def web_processes(floor: Floor, number: int) -> AsyncIterator[list[tuple[int, psutil.Process]]]:
    """(port, process) of the house's web, and of as many more of its kind as are wanted."""
    servers = [(floor.house.ports["PORT"], floor.server("web"))]
    more = []
    try:
        for _ in range(number - 1):
            port = steady_port()
            log = (floor.house.data_dir / "more-web.log").open("ab")
            command = (sys.executable, "-m", "kaibo", "web", "--port", str(port))
            process = await asyncio.create_subprocess_exec(
                *command, env=floor.house.environment, stdout=log, stderr=log
            )
            more.append(process)
            await _answers(port, "/readyz")
            servers.append((port, psutil.Process(process.pid)))
        yield servers
    finally:
        for process in more:
            process.terminate()
            await process.wait()


async def _answers(port: int, path: str) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(30):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{port}{path}")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def naive(engine: PostgresEngine, connections: int, seconds: float) -> Load:
    """The same crowd at a counter that one writes first."""
    admin = await asyncpg.connect(engine.url("postgres"))
    await admin.execute("CREATE DATABASE naive")
    await admin.close()
    port = free_port()
    url = engine.url("naive").replace("postgresql://", "postgresql+asyncpg://")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.naive_orders", str(port), url)
    try:
        await _answers(port, "/")
        database = await asyncpg.connect(engine.url("naive"))
        sku_id = uuid4()
        await database.execute("INSERT INTO stock VALUES ($1, $2, $3)", sku_id, PRICE_FEN, PIECES)
        body = b'{"sku_id": "%s", "quantity": 1}' % str(sku_id).encode()
        asks = [Ask("/orders", {"Buyer-Id": str(uuid4())}, body) for _ in range(BUYERS)]
        load = await let_in([port], asks, connections, seconds)
        process.kill()
        await process.wait()
        rows = await database.fetchval("SELECT count(*) FROM orders")
        left = await database.fetchval('SELECT "left" FROM stock')
        if load.refused or not load.answered <= rows <= load.answered + connections or PIECES - left != rows:
            raise RuntimeError(f"the baseline acknowledged {load.answered}, refused {load.refused}, has {rows} orders")
        await database.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return load


def fsync_ms(directory: Path) -> float:
    """The median time of one 8 KiB write that is on the disk, which every batch waits for."""
    took = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(200):
            os.pwrite(file.fileno(), bytes(8192), 0)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


async def _durable(database: asyncpg.Connection) -> None:
    for setting in ("fsync", "synchronous_commit"):
        value = await database.fetchval(f"SHOW {setting}")
        if value != "on":
            raise RuntimeError(f"{setting} is {value}: the figure would mean nothing")


@contextlib.asynccontextmanager
async def open_floor(directory: Path) -> AsyncIterator[Floor]:
    house = RunningHouse(directory / "house")
    await house.start()
    try:
        port = int(kaibo_house.port_file(house.data_dir, "postgres").read_text(encoding="ascii"))
        engine = PostgresEngine(house.data_dir / "postgres", port)
        database = await asyncpg.connect(engine.url())
        await _durable(database)
        town = await Town.settle(house)
        await town.close()
        buyers = await sign_in_many(database, BUYERS)
        yield Floor(house, database, engine, buyers, UUID(town.sku_id))
        await database.close()
    finally:
        await house.stop()


async def rows(say: Say = tell, seconds: float = SECONDS, *, short: bool = False) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="kaibo-bench-orders-") as name:
        say("orders: starting a house ...")
        async with open_floor(Path(name)) as floor:
            say("orders: SELECT ... FOR UPDATE ...")
            theirs = await naive(floor.engine, HOT.connections, seconds)
            most = await generator_alone(asks_of(floor.buyers, [floor.sku_id], PRICE_FEN), HOT.connections, 3)
            found: dict[Part, Measured] = {}
            for part in PARTS[:1] if short else PARTS:
                say(f"orders: {part} ...")
                found[part] = await ours(floor, part, seconds)
            say("orders: PostgreSQL alone ...")
            alone = await batches_alone(floor.engine.url(), floor.buyers, floor.sku_id, PRICE_FEN, min(seconds, 5))
            disk_ms = await asyncio.to_thread(fsync_ms, Path(name))
        return table(found, theirs, alone, most, disk_ms)


def table(found: dict[Part, Measured], theirs: Load, alone: float, most: float, disk_ms: float) -> list[Row]:
    made = [_row(part, one, theirs) for part, one in found.items()]
    hot = found[HOT]
    return [
        *made,
        Row(
            "orders: CPU us an order (one hot SKU, 512 connections)",
            f"{sum(hot.cpu_us.values()):,.0f} ({hot.parts()})",
            "none",
            "",
            "none set",
        ),
        Row(
            f"orders: PostgreSQL alone, one connection, batches of 500, fsync {disk_ms:.1f} ms: orders a second",
            f"{alone:,.0f}",
            "none",
            f"{hot.load.per_second / alone:.0%} of it reached",
            "none set",
        ),
        Row(
            "orders: most a web process held, all parts",
            f"{max(one.web_mib for one in found.values()):,.0f} MiB",
            "none",
            "",
            "none set",
        ),
        Row("orders: the load generator alone, requests a second", f"{most:,.0f}", "none", "", "none set"),
    ]


def _row(part: Part, one: Measured, theirs: Load) -> Row:
    load = one.load
    ratio = load.per_second / theirs.per_second
    if part != HOT:
        goal, met = "none set", None
    else:
        goal = f">= {GOAL_PER_SECOND:,}/s, p99 <= {GOAL_P99_MS} ms, >= {GOAL_RATIO}x"
        met = load.per_second >= GOAL_PER_SECOND and load.p99_ms <= GOAL_P99_MS and ratio >= GOAL_RATIO
    return Row(
        f"orders, {part}: acknowledged a second, p50 / p99",
        f"{load.per_second:,.0f}, {load.p50_ms:.0f} / {load.p99_ms:.0f} ms",
        f"{theirs.per_second:,.0f}, {theirs.p50_ms:.0f} / {theirs.p99_ms:.0f} ms (ORM, FOR UPDATE, 512 connections)",
        f"{ratio:.0f}x",
        goal,
        met,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--short", action="store_true")
    asked = parser.parse_args()
    show(asyncio.run(rows(tell, asked.seconds, short=asked.short)))


if __name__ == "__main__":
    main()
