"""(e) kill -9 of web, worker, PostgreSQL and payment gateway, again and again, during a flash sale with payments.

    python -m bench.faults [--kills 100] [--buyers 24] [--pieces 300] [--seed 20261123]

A whole `kaibo up` on its embedded PostgreSQL (fsync and synchronous_commit on) and its sandbox gateway. The buyers fight for a
product that sells out; each order is paid, paid twice at once, paid and refunded, cancelled, or left to expire, by the dice.
What is not answered is asked again with the same key. When the killing is over and nothing is under way any more, the house's
tables and the gateway's own book are held against each other and against what the buyers were told.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import psutil
import structlog
from tests.journeys.house import RunningHouse
from tests.journeys.town import STOCK, Town

from bench.table import Row, Say, show, tell
from kaibo import house as kaibo_house
from kaibo.demo.door import Door, Refusal, Unreached
from kaibo.demo.person import Person, fresh_key

KILLS, BUYERS, PIECES, SEED = 100, 24, 300, 20261123
VICTIMS = ("web", "worker", "postgres", "gateway")
PAY_SECONDS = 60
QUIET_SECONDS_MAX = 240
AGAIN_SECONDS = 0.3
LIFE_SECONDS = 8.0
"""Nobody is killed again sooner: what dies while it starts has nothing under way, and the supervisor would start it ever later."""

Deed = Callable[["Sale", Person, str], Awaitable[None]]


@dataclass
class Sale:
    """The flash sale and what its buyers were told."""

    town: Town
    dice: random.Random
    placed: set[str] = field(default_factory=set)
    sold_out: int = 0
    deeds: Counter[str] = field(default_factory=Counter)
    stop: asyncio.Event = field(default_factory=asyncio.Event)


async def pay(sale: Sale, person: Person, order_id: str) -> None:
    await sale.town.pay(person, order_id)


async def pay_twice(sale: Sale, person: Person, order_id: str) -> None:
    await asyncio.gather(sale.town.pay(person, order_id), sale.town.pay(person, order_id))


async def pay_and_refund(sale: Sale, person: Person, order_id: str) -> None:
    await sale.town.pay(person, order_id)
    await person.get(f"/api/orders/{order_id}/payment")
    await person.post(f"/api/orders/{order_id}/refund", {"reason": "拍错了"}, key=fresh_key())


async def cancel(sale: Sale, person: Person, order_id: str) -> None:
    await person.post(f"/api/orders/{order_id}/cancel", {"reason": "不想要了"})


async def leave(sale: Sale, person: Person, order_id: str) -> None:
    """The order expires."""


DEEDS: dict[Deed, int] = {pay: 60, pay_twice: 10, pay_and_refund: 10, cancel: 10, leave: 10}


async def shop(sale: Sale, person: Person, address_id: str) -> None:
    while not sale.stop.is_set():
        key = fresh_key()
        try:
            order = await _placed(sale, person, address_id, key)
        except Refusal as refused:
            sale.sold_out += refused.code == "goods.out_of_stock"
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        sale.placed.add(order)
        (deed,) = sale.dice.choices(list(DEEDS), list(DEEDS.values()))
        try:
            await deed(sale, person, order)
            sale.deeds[deed.__name__] += 1
        except (Refusal, Unreached, httpx.HTTPError, AssertionError):
            await asyncio.sleep(AGAIN_SECONDS)


async def _placed(sale: Sale, person: Person, address_id: str, key: str) -> str:
    """The order's id, however often one must ask. Raises Refusal where the house decided against it."""
    while True:
        try:
            return str((await sale.town.place(person, address_id, key=key))["id"])
        except Refusal as refused:
            if refused.status < 500 and refused.status != httpx.codes.TOO_MANY_REQUESTS:
                raise
        except (Unreached, httpx.HTTPError):
            pass
        await asyncio.sleep(AGAIN_SECONDS)


async def kill_all(sale: Sale, kills: int) -> Counter[str]:
    """SIGKILL a process by the dice, wait until the supervisor has started another, and so on."""
    killed: Counter[str] = Counter()
    while killed.total() < kills:
        victim = sale.dice.choice(VICTIMS)
        try:
            process = sale.town.house.child(victim)
            young = time.time() - process.create_time() < LIFE_SECONDS
            if not young:
                process.kill()
        except (LookupError, psutil.NoSuchProcess):  # on its way back from the last time
            young = True
        if young:
            await asyncio.sleep(0.1)
            continue
        killed[victim] += 1
        if killed.total() % 10 == 0:
            tell(f"faults: {killed.total()} killed, {len(sale.placed)} orders acknowledged")
        await asyncio.sleep(sale.dice.uniform(0.2, 2.0))
    return killed


async def quiet(database: asyncpg.Connection) -> None:
    """Returns once no order, charge or refund is under way and the outbox is empty. Raises RuntimeError."""
    asked = {
        "orders unpaid or being refunded": "SELECT count(*) FROM trade.orders WHERE state IN ('placed', 'refunding')",
        "charges": "SELECT count(*) FROM trade.charges WHERE state IN ('creating', 'pending')",
        "refunds": "SELECT count(*) FROM trade.refunds WHERE state IN ('asked', 'processing')",
        "events": "SELECT count(*) FROM kernel.outbox",
    }
    for _ in range(QUIET_SECONDS_MAX):
        left = {what: n for what, query in asked.items() if (n := await database.fetchval(query))}
        if not left:
            return
        await asyncio.sleep(1)
    raise RuntimeError(f"still under way after {QUIET_SECONDS_MAX} s: {left}")


def provider_book(data_dir: Path) -> dict[str, int]:
    """What the gateway itself has of each charge: paid less refunded, in fen by out_trade_no."""
    path = data_dir / "gateway" / "gateway.sqlite3"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as book:
        rows = book.execute(
            "SELECT t.out_trade_no, t.total_fen - coalesce((SELECT sum(r.refund_fen) FROM refunds r"
            " WHERE r.out_trade_no = t.out_trade_no), 0) FROM trades t WHERE t.state = 'SUCCESS'"
        ).fetchall()
    return dict(rows)


async def compare(sale: Sale, database: asyncpg.Connection) -> dict[str, int]:
    """Everything that must be zero, by what it would mean."""
    town = sale.town
    ids = {str(row["id"]) for row in await database.fetch("SELECT id FROM trade.orders")}
    stock = await database.fetchrow("SELECT stock, held, sold FROM goods.stock WHERE sku_id::text = $1", town.sku_id)
    bought = await database.fetchval(
        "SELECT coalesce(sum(l.quantity), 0)::bigint FROM trade.order_lines l JOIN trade.orders o ON o.id = l.order_id"
        " WHERE o.state IN ('paid', 'shipped', 'received', 'settled')"
    )
    book = provider_book(town.house.data_dir)
    charges = await database.fetch("SELECT out_trade_no, checkout_id FROM trade.charges")
    kept: Counter[str] = Counter()
    unknown = set(book)
    for charge in charges:
        unknown.discard(charge["out_trade_no"])
        kept[str(charge["checkout_id"])] += book.get(charge["out_trade_no"], 0)
    owed: Counter[str] = Counter()
    for row in await database.fetch("SELECT checkout_id, total_fen, refunded_fen, paid_at, state FROM trade.orders"):
        if row["paid_at"] is not None and row["state"] != "refunded":
            owed[str(row["checkout_id"])] += row["total_fen"] - row["refunded_fen"]
    ledger = await town.checked_books()
    return {
        "acknowledged orders lost": len(sale.placed - ids),
        "pieces oversold": max(0, bought - all_pieces(stock)) + abs(stock["held"]),
        "charges of the gateway that nobody knows": len(unknown),
        "checkouts charged twice or too little": sum(kept[c] != owed[c] for c in set(kept) | set(owed)),
        "fen in the ledger's sum": abs(ledger["sum_fen"]),
        "faults of the ledger": len(ledger["faults"]),
        "pieces missing": abs(all_pieces(stock) - bought - (stock["stock"] - stock["held"])),
    }


def all_pieces(stock: asyncpg.Record) -> int:
    """How many pieces there were in the beginning: what is left and what was sold."""
    return int(stock["stock"]) + int(stock["sold"])


async def rows(
    kills: int = KILLS, buyers: int = BUYERS, pieces: int = PIECES, seed: int = SEED, say: Say = tell
) -> list[Row]:
    # Every refusal while an engine is down would be a line.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    house = RunningHouse(Path(tempfile.mkdtemp(prefix="kaibo-faults-")), {"KAIBO_PAY_SECONDS": str(PAY_SECONDS)})
    await house.start()
    try:
        town = await Town.settle(house)
        await town.go_live()
        delta = {"delta": pieces - STOCK, "reason": "flash sale"}
        await town.merchant.patch(f"/api/shops/{town.shop_id}/skus/{town.sku_id}/stock", delta)
        sale = Sale(town, random.Random(seed))
        street = Door(house.ports["PORT"], patience_seconds=2)
        people = [await town.buyer(1_000 + n, door=street) for n in range(buyers)]
        addresses = [await town.address_of(person) for person in people]
        shopping = [asyncio.create_task(shop(sale, *who)) for who in zip(people, addresses, strict=True)]
        killed = await kill_all(sale, kills)
        sale.stop.set()
        await asyncio.gather(*shopping)
        settings = kaibo_house.config.load(data_dir=house.data_dir)
        database = await asyncpg.connect(kaibo_house.database_url(settings))
        await quiet(database)
        found = await compare(sale, database)
        await database.close()
        await town.close()
    finally:
        await house.stop()
        shutil.rmtree(house.data_dir, ignore_errors=True)
    say(f"faults: {dict(sale.deeds)}, refused for want of stock {sale.sold_out}")
    wrong = {what: n for what, n in found.items() if n}
    victims = ", ".join(f"{name} {killed[name]}" for name in VICTIMS)
    return [
        Row(
            what=f"{killed.total()} random kill -9 ({victims}) in a flash sale with payments",
            kaibo=f"{len(sale.placed):,} orders acknowledged; "
            + (
                ", ".join(f"{n} {what}" for what, n in wrong.items())
                or "none lost, none oversold, none charged twice, ledger 0"
            ),
            baseline="none",
            ratio="",
            goal="0 lost, 0 oversold, 0 charged twice, ledger 0",
            met=not wrong and killed.total() >= kills,
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--buyers", type=int, default=BUYERS)
    parser.add_argument("--pieces", type=int, default=PIECES)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    found = asyncio.run(rows(asked.kills, asked.buyers, asked.pieces, asked.seed))
    show(found)
    sys.exit(not all(row.met for row in found))


if __name__ == "__main__":
    main()
