"""kill -9 of every process while people buy: nothing acknowledged is lost, nothing is sold twice, the ledger sums to zero."""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from kaibo.demo.door import Door, Refusal, Unreached
from kaibo.demo.person import Person, fresh_key
from tests.journeys.house import RunningHouse
from tests.journeys.town import STOCK, Town

pytestmark = pytest.mark.xdist_group("journeys")

VICTIMS = ("web", "worker", "media", "nats", "postgres")
ROUNDS = 2
"""Each kills every victim once; bench/faults.py goes to a hundred."""
BUYERS = 6
GOES_ON = frozenset({"paid", "shipped", "received", "settled"})


@dataclass
class Acknowledged:
    """What the house said yes to."""

    placed: dict[str, Person] = field(default_factory=dict)
    paid: set[str] = field(default_factory=set)


@pytest.fixture
async def fragile() -> AsyncIterator[Town]:
    house = RunningHouse(Path(tempfile.mkdtemp(prefix="kaibo-fragile-")))
    await house.start()
    town = await Town.settle(house)
    await town.go_live()
    yield town
    await town.close()
    await house.stop()
    shutil.rmtree(house.data_dir)


async def test_kills_of_every_process_lose_nothing_that_was_acknowledged(fragile: Town) -> None:
    town, said, stop = fragile, Acknowledged(), asyncio.Event()
    street = Door(town.house.ports["PORT"], patience_seconds=2)
    people = [await town.buyer(100 + n, door=street) for n in range(BUYERS)]
    addresses = [await town.address_of(person) for person in people]
    shopping = [asyncio.create_task(shop(town, *who, said, stop)) for who in zip(people, addresses, strict=True)]
    dice, kills = random.Random(20261123), 0
    for victim in itertools.chain.from_iterable(itertools.repeat(VICTIMS, ROUNDS)):
        before = len(said.placed)
        await town.until(lambda: sold(said), lambda count, before=before: count > before + 1, seconds=90)
        await asyncio.sleep(dice.uniform(0.0, 0.5))
        kills += await kill(town.house, victim)
    stop.set()
    await asyncio.gather(*shopping)
    await town.until(lambda: ready(town.house), bool, seconds=90)
    assert kills == ROUNDS * len(VICTIMS)
    assert len(said.placed) > kills, "people must have been buying while it happened"

    for order_id in said.paid:
        await town.until(
            lambda o=order_id: said.placed[o].get(f"/api/orders/{o}"), lambda o: o["state"] in GOES_ON, seconds=60
        )
    for order_id, person in said.placed.items():
        assert (await person.get(f"/api/orders/{order_id}"))["id"] == order_id
    await check_stock_and_ledger(town, said)
    await street.__aexit__(None, None, None)


async def sold(said: Acknowledged) -> int:
    return len(said.placed)


async def shop(town: Town, person: Person, address_id: str, said: Acknowledged, stop: asyncio.Event) -> None:
    """Place and pay, again and again; what is not answered is asked again with the same key."""
    while not stop.is_set():
        try:
            order = await town.place(person, address_id, key=fresh_key())
            said.placed[order["id"]] = person
            await town.pay(person, order["id"])
            said.paid.add(order["id"])
        except (Refusal, Unreached, httpx.HTTPError):
            await asyncio.sleep(0.3)


async def kill(house: RunningHouse, victim: str) -> int:
    """SIGKILL; waits until the supervisor has started another. Returns 1."""
    async with asyncio.timeout(60):
        while True:
            try:
                process = house.child(victim)
                process.kill()
                break
            except (LookupError, psutil.NoSuchProcess):
                await asyncio.sleep(0.1)
        while True:
            try:
                if house.child(victim).pid != process.pid:
                    return 1
            except LookupError:
                pass
            await asyncio.sleep(0.1)


async def ready(house: RunningHouse) -> bool:
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{house.url}/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


async def check_stock_and_ledger(town: Town, said: Acknowledged) -> None:
    ledger = await town.checked_books()
    assert ledger["sum_fen"] == 0
    assert ledger["faults"] == []
    states: list[str] = []
    cursor = ""
    while True:
        page = await town.merchant.get(f"/api/shops/{town.shop_id}/orders?limit=100{cursor}")
        states += [order["state"] for order in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(states) >= len(said.placed)
    taken = sum(1 for state in states if state in GOES_ON | {"placed"})
    product = await town.merchant.get(f"/api/shops/{town.shop_id}/products/{town.product_id}")
    sku = product["skus"][0]
    assert sku.get("available", sku.get("stock_left")) == STOCK - taken, (sku, taken)
