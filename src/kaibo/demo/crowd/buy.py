"""A member of the crowd buys: goes to buy, places, pays at the sandbox cashier or thinks better of it, receives."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from kaibo.demo.crowd import pace
from kaibo.demo.crowd.errands import Errands
from kaibo.demo.door import Door, Refusal
from kaibo.demo.person import Person, fresh_key
from kaibo.demo.stall import Stall
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

REFUSED_SKUS_MAX = 2_000
PITCH_SHARE = 0.6
TWO_PIECES_FEN_MAX = 10_000
PAY_POLLS_MAX = 4
NOTES = ("", "", "", "", "", "", "麻烦尽快发货，谢谢", "发货前请检查一下", "周末在家，工作日放驿站", "请开发票")
CANCEL_REASONS = ("不想要了", "地址填错了，重新拍", "规格选错了", "再比较一下")
REFUND_REASONS = ("拍错规格了", "临时不需要了", "重复下单")


class NoPrepay(Exception):
    """The pay_url carries no prepay_id: this is not the sandbox's cashier."""


class Shopping:
    """Orders of the whole crowd. `cashier` is the address of the sandbox gateway; empty: nobody buys, for real money would move."""

    def __init__(
        self,
        door: Door,
        cashier: str,
        errands: Errands,
        dice: random.Random,
        outcomes: dict[str, float] = pace.OUTCOMES,
    ) -> None:
        self._door = door
        self._cashier = cashier
        self._errands = errands
        self._dice = dice
        self._outcomes = outcomes
        self._clock = pace.OrderClock(dice)
        self._addresses: dict[str, str] = {}
        # (phone, sku) that was refused by a limit: a bounded memory, the oldest go first
        self._refused: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.placed = self.paid = self.cancelled = self.refunded = self.received = 0

    def may_buy(self, person: Person, address_id: str) -> None:
        self._addresses[person.phone] = address_id

    def is_due(self, person: Person) -> bool:
        """Whether this person goes to buy now. Only those with an address draw from the clock."""
        if not self._cashier or person.phone not in self._addresses:
            return False
        return self._clock.strikes(asyncio.get_running_loop().time())

    async def go(self, stall: Stall, person: Person, watch_id: str) -> dict[str, Any] | None:
        """One order from tap to payment (or not). Gives the order as it was placed; None where nothing could be bought."""
        snapshot = await person.get(stall.path("/snapshot"))
        choice = self._choose(stall, person, snapshot)
        if choice is None:
            return None
        item, sku = choice
        seen = {"watch_id": watch_id, "shown": [item["id"]], "clicked": [item["id"]], "buying": item["id"]}
        await person.post(stall.path("/seen"), seen)
        await pace.pause(self._dice, 1.0, 4.0)
        order = await self._place(stall, person, item, sku)
        if order is not None:
            self.placed += 1
            await self._conclude(person, order)
        return order

    def _choose(
        self, stall: Stall, person: Person, snapshot: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """What is in pitch most often; cheap things oftener than dear ones."""
        offers = [
            (item, sku)
            for item in snapshot["bag"]
            for sku in item["skus"]
            if sku["stock_left"] > 0 and (person.phone, sku["id"]) not in self._refused
        ]
        if not offers:
            return None
        in_pitch = [offer for offer in offers if offer[0]["pitching"]]
        pool = in_pitch if in_pitch and self._dice.random() < PITCH_SHARE else offers
        return self._dice.choices(pool, [1 / (sku["price_fen"] ** 0.5) for _, sku in pool])[0]

    async def _place(
        self, stall: Stall, person: Person, item: dict[str, Any], sku: dict[str, Any]
    ) -> dict[str, Any] | None:
        two = sku["price_fen"] < TWO_PIECES_FEN_MAX and sku["stock_left"] > 2 and self._dice.random() < 0.15
        body = {
            "lines": [{"sku_id": sku["id"], "quantity": 2 if two else 1, "unit_price_fen": sku["price_fen"]}],
            "address_id": self._addresses[person.phone],
            "source": {"kind": "broadcast", "id": stall.broadcast_id, "item": item["id"]},
            "note": self._dice.choice(NOTES),
        }
        try:
            checkout = await person.post("/api/orders", body, key=fresh_key())
        except Refusal as refusal:
            if refusal.code != "goods.limit_reached":
                raise
            self._refused[person.phone, sku["id"]] = None
            if len(self._refused) > REFUSED_SKUS_MAX:
                self._refused.popitem(last=False)
            return None
        (order,) = checkout["orders"]
        return dict(order)

    async def _conclude(self, person: Person, order: dict[str, Any]) -> None:
        outcome = pace.drawn(self._dice, self._outcomes)
        order_path = f"/api/orders/{order['id']}"
        if outcome == "pay":
            await pace.pause(self._dice, 1.5, 8.0)
            await self.pay(person, order["id"])
            self._plan(person, order_path)
        elif outcome == "cancel":

            async def cancel() -> None:
                await person.post(f"{order_path}/cancel", {"reason": self._dice.choice(CANCEL_REASONS)})
                self.cancelled += 1

            self._errands.later(self._dice.uniform(10, 60), cancel)

    async def pay(self, person: Person, order_id: str) -> None:
        """As the page does: ask where to pay, pay there, come back and ask how it stands. Raises NoPrepay."""
        path = f"/api/orders/{order_id}"
        body = {"method": "wechat_h5", "return_path": f"/orders/{order_id}"}
        started = await person.post(f"{path}/payments", body, key=fresh_key())
        prepay_id = parse_qs(urlsplit(started["pay_url"]).query).get("prepay_id", [""])[0]
        if not prepay_id:
            raise NoPrepay(started["pay_url"])
        await self._door.send(
            "POST",
            f"{self._cashier}/sandbox/pay/{quote(prepay_id, safe='')}",
            headers={"Content-Type": "application/json"},
            cookies={},
            content=b'{"outcome":"success"}',
            repeatable=True,
        )
        for poll in range(PAY_POLLS_MAX):
            await asyncio.sleep(1.0 + poll)
            if (await person.get(f"{path}/payment"))["state"] == "paid":
                self.paid += 1
                return
        log.warning("demo.payment_late", order_id=order_id)

    def _plan(self, person: Person, order_path: str) -> None:
        """What this buyer will do about the order later."""
        if self._dice.random() < pace.REFUND_SHARE:

            async def refund() -> None:
                body = {"reason": self._dice.choice(REFUND_REASONS)}
                await person.post(f"{order_path}/refund", body, key=fresh_key())
                self.refunded += 1

            self._errands.later(self._dice.uniform(15, 60), refund)
        elif self._dice.random() < pace.RECEIVE_SHARE:

            async def receive() -> None:
                order = await person.get(order_path)
                if "receive" in order["actions"]:
                    await person.post(f"{order_path}/receive")
                    self.received += 1

            self._errands.later(self._dice.uniform(10 * 60, 30 * 60), receive)
