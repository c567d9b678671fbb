"""A worker of the tests that hears paid orders and sends webhooks: `python -m tests.open.webhook_worker` with KAIBO_… set."""

from __future__ import annotations

import asyncio

from kaibo import house
from kaibo.kernel import config, telemetry
from kaibo.kernel.reactions import Consumer
from kaibo.open import facade as open_wing
from kaibo.open.webhooks import sender


async def main() -> None:
    settings = config.load()
    telemetry.configure(settings, "worker")
    stop = asyncio.Event()
    sender.LEASE_SECONDS = 3  # what a killed worker had taken is sent again sooner
    async with house.opened(settings, "worker") as here:
        hears = house.reactions()["open-webhook_order_paid"]
        await asyncio.gather(Consumer(here.database, here.bus, hears).run(stop), open_wing.send_webhooks(stop))


asyncio.run(main())
