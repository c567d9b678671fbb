"""(c) Orders a second through HTTP with durability on, one hot SKU, against SELECT … FOR UPDATE through an ORM in the same run.

    python -m bench.orders [--buyers 64] [--seconds 8]

A whole `kaibo up` on its embedded PostgreSQL (fsync and synchronous_commit are asked of the server, not assumed). The buyers are
signed in, each has an address and one connection, and orders again as soon as the last order was acknowledged with 201. The
baseline is its own uvicorn process with a database of its own on the same server. Afterwards both databases are asked: as many
orders as were acknowledged, the stock less exactly that, never below nothing.
CPU: user + system time of the web process, of PostgreSQL, and of Kaibo's worker, which carries the events on meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import psutil
from tests.journeys.house import RunningHouse
from tests.journeys.town import PRICE_FEN, STOCK, Town

from bench.table import Row, Say, show, tell
from kaibo import house as kaibo_house
from kaibo.demo.person import Person
from kaibo.kernel.engines.ports import free_port
from kaibo.kernel.engines.postgres import PostgresEngine

BUYERS = 64
SECONDS = 8.0
WARM_UP_SECONDS = 2.0
PIECES = 900_000
"""More than anybody can buy in the time."""


@dataclass(frozen=True)
class Measured:
    """What the crowd saw, and the CPU seconds by process while it was measured."""

    acknowledged: int
    measured: int
    p50_ms: float
    p99_ms: float
    seconds: float
    cpu_seconds: dict[str, float]

    @property
    def per_second(self) -> float:
        return self.measured / self.seconds

    @property
    def cpu_ms_an_order(self) -> float:
        return sum(self.cpu_seconds.values()) * 1000 / self.measured

    def parts(self) -> str:
        return ", ".join(f"{name} {used * 1000 / self.measured:.1f}" for name, used in self.cpu_seconds.items())


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process, of the children it has and of the children it had."""
    used: float = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            used += sum(child.cpu_times()[:2])
    return used


async def crowd(
    port: int, buyers: list[dict[str, Any]], seconds: float, processes: dict[str, psutil.Process]
) -> Measured:
    """Let the buyers in, and look at the CPU clocks when they begin and when they stop to measure."""
    asked = {"port": port, "warm_up_seconds": WARM_UP_SECONDS, "seconds": seconds, "buyers": buyers}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.buyers", stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1 << 20
    )
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(json.dumps(asked).encode() + b"\n")
    await _heard(running.stdout, b"measuring")
    before = {name: cpu(process) for name, process in processes.items()}
    await _heard(running.stdout, b"measured")
    used = {name: cpu(process) - before[name] for name, process in processes.items()}
    told = json.loads(await running.stdout.readline())
    await running.wait()
    if refused := told.pop("refused"):
        raise RuntimeError(f"orders were refused, so the figure would mean nothing: {refused}")
    return Measured(**told, seconds=seconds, cpu_seconds=used)


async def _heard(output: asyncio.StreamReader, word: bytes) -> None:
    line = (await output.readline()).strip()
    if line != word:
        raise RuntimeError(f"the buyers said {line!r} instead of {word!r}")


async def kaibo(town: Town, database: asyncpg.Connection, buyers: int, seconds: float) -> Measured:
    people = [await _signed_in(town, number) for number in range(buyers)]
    before = await database.fetchval("SELECT count(*) FROM trade.orders")
    processes = {name: town.house.child(name) for name in ("web", "postgres", "worker")}
    found = await crowd(town.house.ports["PORT"], people, seconds, processes)
    rows = await database.fetchval("SELECT count(*) FROM trade.orders") - before
    lines = await database.fetchval("SELECT sum(quantity) FROM trade.order_lines WHERE sku_id = $1", UUID(town.sku_id))
    stock = await database.fetchrow("SELECT stock, held FROM goods.stock WHERE sku_id = $1", UUID(town.sku_id))
    _check("Kaibo", found.acknowledged, rows, lines, stock["held"], stock["stock"] - stock["held"])
    return found


async def _signed_in(town: Town, number: int) -> dict[str, Any]:
    """What this buyer's every request looks like."""
    person: Person = await town.buyer(number)
    line = {"sku_id": town.sku_id, "quantity": 1, "unit_price_fen": PRICE_FEN}
    cookies = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    return {
        "path": "/api/orders",
        "headers": {"Cookie": cookies, "X-CSRF-Token": person.cookies["kaibo_csrf"], "Accept-Language": "zh-CN"},
        "body": {"lines": [line], "address_id": await town.address_of(person), "source": {"kind": "shelf"}},
    }


async def naive(engine: PostgresEngine, postgres: psutil.Process, buyers: int, seconds: float) -> Measured:
    admin = await asyncpg.connect(engine.url("postgres"))
    await admin.execute("CREATE DATABASE naive")
    await admin.close()
    async with naive_server(engine.url("naive")) as (port, server):
        database = await asyncpg.connect(engine.url("naive"))
        sku_id = uuid4()
        await database.execute("INSERT INTO stock VALUES ($1, $2, $3)", sku_id, PRICE_FEN, PIECES)
        crowd_of = [
            {
                "path": "/orders",
                "headers": {"Buyer-Id": str(uuid4())},
                "body": {"sku_id": str(sku_id), "quantity": 1},
            }
            for _ in range(buyers)
        ]
        found = await crowd(port, crowd_of, seconds, {"web": server, "postgres": postgres})
        rows = await database.fetchval("SELECT count(*) FROM orders")
        lines = await database.fetchval("SELECT sum(quantity) FROM order_lines")
        left = await database.fetchval('SELECT "left" FROM stock')
        _check("the baseline", found.acknowledged, rows, lines, PIECES - left, left)
        await database.close()
    return found


@contextlib.asynccontextmanager
async def naive_server(database_url: str) -> AsyncIterator[tuple[int, psutil.Process]]:
    port = free_port()
    url = database_url.replace("postgresql://", "postgresql+asyncpg://")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.naive_orders", str(port), url)
    try:
        async with httpx.AsyncClient() as client, asyncio.timeout(30):
            while True:
                with contextlib.suppress(httpx.ConnectError):
                    await client.get(f"http://127.0.0.1:{port}/")
                    break
                await asyncio.sleep(0.05)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


def _check(who: str, acknowledged: int, rows: int, pieces: int, taken: int, left: int) -> None:
    """What was acknowledged is in the database, once. A process that counts otherwise has no figure."""
    if not acknowledged == rows == pieces == taken or left < 0:
        raise RuntimeError(
            f"{who} acknowledged {acknowledged} orders; there are {rows} orders of {pieces} pieces, {taken} pieces taken from "
            f"the stock and {left} left"
        )


def fsync_ms(directory: Path) -> float:
    """The median time of one 8 KiB write that is on the disk, which every order waits for."""
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


async def measure(buyers: int, seconds: float, say: Say = tell) -> tuple[Measured, Measured, float]:
    """Kaibo, the baseline, and the milliseconds of an fsync where their data lies."""
    with tempfile.TemporaryDirectory(prefix="kaibo-bench-orders-") as directory:
        house = RunningHouse(Path(directory) / "house")
        say("orders: starting a house ...")
        await house.start()
        try:
            engine = PostgresEngine(
                house.data_dir / "postgres",
                int(kaibo_house.port_file(house.data_dir, "postgres").read_text(encoding="ascii")),
            )
            database = await asyncpg.connect(engine.url())
            await _durable(database)
            say(f"orders: {buyers} buyers, SELECT ... FOR UPDATE ...")
            theirs = await naive(engine, house.child("postgres"), buyers, seconds)
            town = await Town.settle(house)
            more = {"delta": PIECES - STOCK, "reason": "restocked"}
            await town.merchant.patch(f"/api/shops/{town.shop_id}/skus/{town.sku_id}/stock", more)
            say(f"orders: {buyers} buyers, Kaibo ...")
            ours = await kaibo(town, database, buyers, seconds)
            await database.close()
            await town.close()
        finally:
            await house.stop()
        return ours, theirs, await asyncio.to_thread(fsync_ms, Path(directory))


def table(ours: Measured, theirs: Measured, buyers: int, disk_ms: float) -> list[Row]:
    return [
        Row(
            f"orders, one hot SKU, {buyers} buyers, fsync {disk_ms:.1f} ms: acknowledged a second",
            f"{ours.per_second:,.0f}",
            f"{theirs.per_second:,.0f} (ORM, FOR UPDATE)",
            f"{ours.per_second / theirs.per_second:.2f}x",
            "> 1x",
            ours.per_second > theirs.per_second,
        ),
        Row(
            "orders: sent to acknowledged, p50 / p99",
            f"{ours.p50_ms:.0f} / {ours.p99_ms:.0f} ms",
            f"{theirs.p50_ms:.0f} / {theirs.p99_ms:.0f} ms",
            f"{ours.p50_ms / theirs.p50_ms:.2f}x",
            "none set",
        ),
        Row(
            "orders: CPU ms an order",
            f"{ours.cpu_ms_an_order:.1f} ({ours.parts()})",
            f"{theirs.cpu_ms_an_order:.1f} ({theirs.parts()})",
            f"{ours.cpu_ms_an_order / theirs.cpu_ms_an_order:.2f}x",
            "none set",
        ),
    ]


async def rows(say: Say = tell, buyers: int = BUYERS, seconds: float = SECONDS) -> list[Row]:
    ours, theirs, disk_ms = await measure(buyers, seconds, say)
    return table(ours, theirs, buyers, disk_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--buyers", type=int, default=BUYERS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    asked = parser.parse_args()
    show(asyncio.run(rows(tell, asked.buyers, asked.seconds)))


if __name__ == "__main__":
    main()
