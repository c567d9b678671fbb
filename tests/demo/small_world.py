"""The parts of the demo put together as its process does, without films and without waiting."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from kaibo.demo import catalogue
from kaibo.demo.crowd.buy import Shopping
from kaibo.demo.crowd.errands import Errands
from kaibo.demo.crowd.join import Joining, Membership
from kaibo.demo.crowd.visit import Visit
from kaibo.demo.door import Door
from kaibo.demo.listing import script_of
from kaibo.demo.memory import Memory
from kaibo.demo.person import Person
from kaibo.demo.plans import shop_plan
from kaibo.demo.pusher import Pusher
from kaibo.demo.seed import OpenShop, Seeding, ShopPlan
from kaibo.demo.staff import StaffAccount, signed_in_staff, staff_accounts
from kaibo.demo.stall import Stall
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.stage import facade as stage

PRODUCTS = 2


def small_plans() -> list[ShopPlan]:
    """Two shops with two products each."""
    plans = [shop_plan(shop, number) for number, shop in enumerate(catalogue.shops()[1:], start=1)]
    return [replace(plan, products=dict(list(plan.products.items())[:PRODUCTS])) for plan in plans]


ENCODER = """
import json, sys, time, urllib.request
hooks, secret, key = sys.argv[1:]
body = {"action": "on_publish", "client_id": "c-" + key, "ip": "127.0.0.1", "app": "live", "stream": key}
while True:
    headers = {"Authorization": "Bearer " + secret, "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(hooks, json.dumps(body).encode(), headers)).read()
    time.sleep(3)
"""
"""A process that says what the media engine says when an encoder connects, and that it still sends."""


@dataclass
class SmallWorld:
    """`fill` may be called again, as by a second start."""

    door: Door
    memory: Memory
    here: Context
    settings: Settings
    pictures: dict[str, Path]
    cashier: str
    staff: dict[str, StaffAccount] = field(default_factory=dict)
    shops: list[OpenShop] = field(default_factory=list)
    seeding: Seeding | None = None

    async def fill(self) -> None:
        database = self.here.database
        self.staff = await staff_accounts(database, self.memory, {"operator": "operator", "demo-approver": "reviewer"})
        reviewer = await signed_in_staff(self.door, self.memory, self.staff["demo-approver"])
        self.seeding = Seeding(self.door, self.memory, reviewer, self.mark, lambda _what: None, self.pictures)
        self.shops = [await self.seeding.open_shop(plan) for plan in small_plans()]

    async def mark(self, person: Person) -> None:
        async with self.here.database.transaction() as db:
            await stage.mark_demo(db, [person.person_id])

    def stall(self, number: int = 0) -> Stall:
        shop = self.shops[number]

        async def address() -> str:
            return str((await shop.host.get(f"/api/rooms/{shop.room_id}/ingest"))["stream_key"])

        def command(stream_key: str) -> list[str]:
            hooks = f"{self.door.address}/api/media/hooks"
            return [sys.executable, "-c", ENCODER, hooks, self.settings.hook_secret, stream_key]

        return Stall(
            key=shop.plan.key,
            room_id=shop.room_id,
            shop_id=shop.shop_id,
            host=shop.host,
            merchant=shop.merchant,
            pusher=Pusher(shop.plan.key, command, address, self.settings.data_dir / "logs"),
            script=script_of(catalogue.shop(shop.plan.key)),
            film=None,
            product_ids=shop.product_ids,
            title="小小直播",
            operator_name=str(shop.plan.application["legal_name"]),
            cover_id=shop.cover_id,
            marks=("animation", "demo"),
        )

    def crowd(self, outcome: str = "pay") -> Crowd:
        dice = random.Random(7)
        errands, members = Errands(), Membership([], set())
        shopping = Shopping(self.door, self.cashier, errands, dice, {outcome: 1.0})
        return Crowd(dice, errands, members, shopping, Joining(self.door, self.memory, members, shopping, self.mark))


@dataclass
class Crowd:
    dice: random.Random
    errands: Errands
    members: Membership
    shopping: Shopping
    joining: Joining

    async def visit(self, stall: Stall, person: Person) -> Visit:
        """Somebody who has entered."""
        visit = Visit(stall, person, self.dice, self.shopping)
        entered = await person.post(stall.path("/enter"), {"source": "home"})
        visit.watch_id = entered["watch_id"]
        return visit
