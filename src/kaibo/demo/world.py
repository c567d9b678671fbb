"""The demo world as a process: `kaibo demo`, a child of `kaibo up --demo`.

Draws pictures and films once, fills the house through its public API, pushes a film into every room, and lets a crowd in.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

from kaibo import house
from kaibo.demo import catalogue, lab
from kaibo.demo.accounts import BUYER_NAME, BUYER_PHONE, accounts_text
from kaibo.demo.crowd.buy import Shopping
from kaibo.demo.crowd.errands import Errands
from kaibo.demo.crowd.host_room import Hosting
from kaibo.demo.crowd.join import Joining, Membership, address_of
from kaibo.demo.crowd.keep_shop import Merchant
from kaibo.demo.crowd.seats import Seats
from kaibo.demo.door import Door
from kaibo.demo.drawing import Drawing
from kaibo.demo.films import clock_command
from kaibo.demo.listing import film_of, script_of
from kaibo.demo.memory import Memory
from kaibo.demo.notes import Notes
from kaibo.demo.person import Person
from kaibo.demo.plans import shop_plan
from kaibo.demo.pusher import Command, Pusher, film_command
from kaibo.demo.seed import OpenShop, Seeding, ShopPlan
from kaibo.demo.staff import StaffAccount, signed_in_staff, staff_accounts
from kaibo.demo.stall import Film, Script, Stall
from kaibo.kernel import clock, telemetry
from kaibo.kernel.config import Settings
from kaibo.kernel.db import Database
from kaibo.kernel.telemetry import get_logger
from kaibo.stage import facade as stage
from kaibo.trade import facade as trade
from kaibo.trade.payment import wiring

log = get_logger(__name__)

STAFF: dict[str, Any] = {"operator": "operator", "reviewer": "reviewer", "demo-approver": "reviewer"}
"""`demo-approver` works for the demo, so that it never uses up a code of the accounts that people try."""
ACCOUNTS_SECONDS = 15
FIGURES_SECONDS = 300
SEED = 20_261_123


class DemoImpossible(Exception):
    """This installation is configured so that the demo cannot work; the message says which setting and what to do."""


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run until told to stop; broadcasts stay live for the next start. Raises DemoImpossible."""
    telemetry.configure(settings, "demo")
    _require_possible(settings)
    async with house.opened(settings, "demo") as here, Door(settings.port) as door:
        world = World(settings, here.database, door)
        working = asyncio.create_task(world.run(), name="demo")
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            stopping.cancel()
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await working
            await world.close()


def _require_possible(settings: Settings) -> None:
    if settings.sms_provider != "embedded":
        raise DemoImpossible("sms_provider is not embedded: the demo signs its people in with the codes of /local/sms")


class World:
    def __init__(self, settings: Settings, database: Database, door: Door, seed: int = SEED) -> None:
        self._settings = settings
        self._database = database
        self._door = door
        self._dice = random.Random(seed)
        self._directory = settings.data_dir.resolve() / "demo"
        self._memory = Memory(self._directory / "world.json")
        self._notes = Notes(settings.data_dir)
        self._drawing = Drawing(self._directory)
        self._stalls: list[Stall] = []
        self._films_told: dict[str, str] = {}
        self._started = time.monotonic()

    async def run(self) -> None:
        """Fill the house, go live, and keep it lively until cancelled."""
        self._notes.progress("Making the demo's accounts")
        staff = await staff_accounts(self._database, self._memory, STAFF)
        reviewer = await signed_in_staff(self._door, self._memory, staff["demo-approver"])
        async with self._database.transaction() as db:
            await trade.open_points(db, by=reviewer.person_id)
        # The lab opens first: pages list the newest broadcast first, and nobody comes to see a clock.
        plans = [lab.plan(), *(shop_plan(shop, number) for number, shop in enumerate(catalogue.shops(), start=1))]
        pictures = await self._pictures(plans)
        seeding = Seeding(self._door, self._memory, reviewer, self.mark, self._notes.progress, pictures)
        async with asyncio.TaskGroup() as group:
            # The films take longest: rendered while the shops are being filled.
            films = {shop.key: group.create_task(self._film(shop.key)) for shop in catalogue.shops()}
            shops = [await seeding.open_shop(plan) for plan in plans]
            await self._buyer_for_people()
        for shop in shops:
            self._stalls.append(self._stall(shop, films[shop.plan.key].result() if shop.plan.key in films else None))
        self._write_accounts(plans, staff)
        await self._go_live_and_stay(plans, staff)

    async def close(self) -> None:
        """Stop every encoder, within the time of one."""
        self._notes.close()
        await asyncio.gather(*(stall.pusher.stop() for stall in self._stalls))

    async def mark(self, person: Person) -> None:
        """What this account does in a room is shown as the demo's."""
        async with self._database.transaction() as db:
            await stage.mark_demo(db, [person.person_id])

    # --- pictures and films

    async def _pictures(self, plans: list[ShopPlan]) -> dict[str, Path]:
        shop_keys = [plan.key for plan in plans if plan.key != lab.KEY]
        keys = [key for plan in plans for key in plan.products]
        keys += [f"{kind}:{key}" for kind in ("cover", "avatar") for key in shop_keys]
        told = f"Drawing {len(keys)} pictures (first time only)"
        files = await self._drawing.pictures(keys, lambda share: self._notes.progress(f"{told}: {tens(share)}"))
        return files | {f"{kind}:{lab.KEY}": files[lab.KEY] for kind in ("cover", "avatar")}

    async def _film(self, shop_key: str) -> Path:
        def told(share: float) -> None:
            if share >= 1 and shop_key not in self._films_told:
                return  # rendered at an earlier start
            self._films_told[shop_key] = tens(share)
            what = ", ".join(f"{key} {done}" for key, done in self._films_told.items())
            self._notes.progress(f"Rendering the films (first time only): {what}")

        return await self._drawing.film(shop_key, told)

    # --- rooms

    def _stall(self, shop: OpenShop, film: Path | None) -> Stall:
        plan = shop.plan
        is_lab = plan.key == lab.KEY
        command: Command
        timeline: Film | None = None
        script: Script
        if film is None:
            command, script = clock_command, lab.script()
        else:
            command, script = film_command(film), script_of(catalogue.shop(plan.key))
            timeline = film_of(plan.key)

        async def address() -> str:
            return await self._rtmp_address(shop)

        logs = self._settings.data_dir / "logs"
        return Stall(
            key=plan.key,
            room_id=shop.room_id,
            shop_id=shop.shop_id,
            host=shop.host,
            merchant=shop.merchant,
            pusher=Pusher(plan.key, command, address, logs),
            script=script,
            film=timeline,
            product_ids=shop.product_ids,
            title=lab.TITLE if is_lab else catalogue.shop(plan.key).room_title,
            operator_name=str(plan.application["legal_name"]),
            cover_id=shop.cover_id,
            marks=("demo",) if is_lab else ("animation", "demo"),
            weight=0.0 if is_lab else 1.0,
        )

    async def _rtmp_address(self, shop: OpenShop) -> str:
        """This machine's ingest with the room's key; an expired key is replaced, as a host would at the console."""
        ingest = await shop.host.get(f"/api/rooms/{shop.room_id}/ingest")
        if datetime.fromisoformat(ingest["key_expires_at"]) <= clock.now():
            ingest = await shop.host.post(f"/api/rooms/{shop.room_id}/ingest/rotate")
        return f"rtmp://127.0.0.1:{self._settings.rtmp_port}/live/{ingest['stream_key']}"

    async def _go_live_and_stay(self, plans: list[ShopPlan], staff: dict[str, StaffAccount]) -> None:
        hosts = [Hosting(stall, self._dice) for stall in self._stalls]
        self._notes.progress("Going live")
        for host in hosts:
            await host.open()
        self._notes.ready()
        log.info("demo.live", rooms=len(self._stalls), seconds=round(time.monotonic() - self._started, 1))
        errands, members = Errands(), Membership([], set())
        # Behind a real gateway real money would move: there the crowd only looks.
        plays = "wechatpay" in wiring.sandboxes(self._settings)
        cashier = "" if not plays else f"http://127.0.0.1:{self._settings.gateway_port}"
        shopping = Shopping(self._door, cashier, errands, self._dice)
        work: list[Coroutine[Any, Any, None]] = [
            *(host.run() for host in hosts),
            *(Merchant(stall.merchant, stall.shop_id, self._dice).run() for stall in self._stalls),
            errands.run(),
            Joining(self._door, self._memory, members, shopping, self.mark).run(),
            Seats(self._door, self._stalls, members, shopping, self._dice).run(),
            self._keep_accounts_fresh(plans, staff),
            self._report(shopping, members),
        ]
        async with asyncio.TaskGroup() as group:
            for part in work:
                group.create_task(part)

    # --- for people

    async def _buyer_for_people(self) -> None:
        """A buyer with an address, so that who tries the demo is two taps from an order."""
        buyer = Person(self._door, BUYER_PHONE, self._memory)
        if not await buyer.is_signed_in():
            await buyer.sign_in()
            await buyer.be_called(BUYER_NAME)
            await address_of(buyer, 0)

    async def _keep_accounts_fresh(self, plans: list[ShopPlan], staff: dict[str, StaffAccount]) -> None:
        while True:
            self._write_accounts(plans, staff)
            await asyncio.sleep(ACCOUNTS_SECONDS)

    def _write_accounts(self, plans: list[ShopPlan], staff: dict[str, StaffAccount]) -> None:
        people = [("operator", staff["operator"]), ("reviewer", staff["reviewer"])]
        self._notes.accounts(accounts_text(self._settings.port, plans, people))

    async def _report(self, shopping: Shopping, members: Membership) -> None:
        """What was done and what it cost, now and then in the log."""
        before, at = self._cpu(), time.monotonic()
        while True:
            await asyncio.sleep(FIGURES_SECONDS)
            now, span = self._cpu(), time.monotonic() - at
            log.info(
                "demo.figures",
                members=len(members),
                orders={"placed": shopping.placed, "paid": shopping.paid, "received": shopping.received},
                cores={name: round(max(0.0, used - before.get(name, 0.0)) / span, 4) for name, used in now.items()},
                **self._door.take_counts(),
            )
            before, at = now, time.monotonic()

    def _cpu(self) -> dict[str, float]:
        return {"demo": time.process_time()} | {f"pusher-{s.key}": s.pusher.cpu_seconds for s in self._stalls}


def tens(share: float) -> str:
    """`0.47` -> `40 %`: often enough for a line in a terminal that keeps every line."""
    return f"{int(share * 10 + 1e-9) * 10} %"
