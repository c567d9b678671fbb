"""A merchant at work: ships what was paid, fills up what runs out."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime
from typing import Any

from kaibo.demo.door import Refusal, Unreached
from kaibo.demo.invented import CROWD_PHONES, tracking_number
from kaibo.demo.person import Person
from kaibo.kernel import clock
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

LOOK_SECONDS = 45.0
STOCK_EVERY_LOOKS = 6
CROWD_SECONDS, OTHERS_SECONDS = 120.0, 1_800.0
"""How long an order lies before the demo ships it: others' orders longer, so that who tries the desk can ship them by hand."""
PAGES_MAX = 5
LEFT_UNSHIPPED = 2
LOW_PIECES = 6
FILL_PIECES = (40, 120)


class Merchant:
    """Works one shop. `person` is its staff."""

    def __init__(self, person: Person, shop_id: str, dice: random.Random) -> None:
        self._person = person
        self._shop = f"/api/shops/{shop_id}"
        self._dice = dice
        self.shipped = self.filled = 0

    async def run(self) -> None:
        look = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS * self._dice.uniform(0.8, 1.2))
            try:
                await self.ship_due()
                if look % STOCK_EVERY_LOOKS == 0:
                    await self.fill_up()
                look += 1
            except (Refusal, Unreached) as no:
                log.info("demo.merchant_refused", why=str(no))
            except Exception:
                log.exception("demo.merchant_fault")

    async def ship_due(self, crowd_seconds: float = CROWD_SECONDS, left: int = LEFT_UNSHIPPED) -> None:
        """Oldest first; the newest `left` stay for people to see."""
        due = [order for order in await self._paid() if _waited(order) > _patience(order, crowd_seconds)]
        for order in due[: max(0, len(due) - left)]:
            carrier, number = tracking_number(self._dice)
            body = {"carrier": carrier, "tracking_number": number}
            await self._person.post(f"{self._shop}/orders/{order['id']}/ship", body, key=f"demo-ship-{order['number']}")
            self.shipped += 1

    async def fill_up(self) -> None:
        """More of every SKU that is nearly sold out."""
        for product in await self._pages(f"{self._shop}/products?state=approved&limit=50"):
            for sku in product["skus"]:
                if sku["stock_left"] <= LOW_PIECES:
                    body = {"delta": self._dice.randint(*FILL_PIECES), "reason": "补货入库"}
                    await self._person.patch(f"{self._shop}/skus/{sku['id']}/stock", body)
                    self.filled += 1

    async def _paid(self) -> list[dict[str, Any]]:
        """Orders to ship, oldest first (the API lists the newest first)."""
        return (await self._pages(f"{self._shop}/orders?state=paid&limit=50"))[::-1]

    async def _pages(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(PAGES_MAX):
            page = await self._person.get(path + (f"&cursor={cursor}" if cursor else ""))
            found += page["items"]
            cursor = page["next_cursor"] or ""
            if not cursor:
                break
        return found


def _patience(order: dict[str, Any], crowd_seconds: float) -> float:
    return crowd_seconds if (order["address"]["phone"] or "").startswith(CROWD_PHONES) else OTHERS_SECONDS


def _waited(order: dict[str, Any]) -> float:
    if not order["paid_at"]:
        return 0.0
    return (clock.now() - datetime.fromisoformat(order["paid_at"])).total_seconds()
