"""kill -9 of the worker again and again: one delivery row an event, none lost, every call signed."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from sqlalchemy import func, select

from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.outbox import Relay, publish
from kaibo.open.webhooks.tables import deliveries
from tests.open.hooks import hook, of_shop, paid
from tests.open.receiver import Receiver
from tests.trade.world import Shop

EVENTS = 200
KILLS = 4


def worker(settings: Settings) -> subprocess.Popen[bytes]:
    told = {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "NATS_URL": settings.nats_url,
        "NATS_CREDENTIALS": settings.nats_credentials,
        "NATS_ACCOUNT_SEED": settings.nats_account_seed,
        "HOOK_SECRET": settings.hook_secret,
        "LOG_LEVEL": "error",
        "WEBHOOK_PRIVATE_ADDRESSES": "true",
    }
    environment = {**os.environ, **{f"KAIBO_{name}": value for name, value in told.items()}}
    return subprocess.Popen([sys.executable, "-m", "tests.open.webhook_worker"], env=environment)


async def test_killed_workers_lose_no_delivery_and_double_none(
    here: Context, settings: Settings, shop: Shop, receiver: Receiver
) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    receiver.wait_seconds = 0.05
    orders = [paid(shop.id, str(number)) for number in range(EVENTS)]
    random.seed(20261123)
    process = worker(settings)
    relay = Relay(here.database, here.bus)

    async def delivered() -> int:
        done = deliveries.c.state == "delivered"
        mine = deliveries.c.endpoint_id == UUID(endpoint.id)
        async with here.database.transaction() as db:
            return int(await db.scalar(select(func.count()).where(done, mine)) or 0)

    async def rows() -> int:
        async with here.database.transaction() as db:
            return int(await db.scalar(select(func.count()).where(deliveries.c.endpoint_id == UUID(endpoint.id))) or 0)

    try:
        for number in range(KILLS):
            for event in orders[number * EVENTS // KILLS : (number + 1) * EVENTS // KILLS]:
                async with here.database.transaction() as db:
                    await publish(db, event)
            await relay.move_batch()
            await receiver.until(partial(_more, delivered, await delivered()), 60)
            await asyncio.sleep(random.random() * 0.3)
            process.kill()
            process.wait()
            process = worker(settings)

        async def everything() -> bool:
            return await delivered() == EVENTS

        await receiver.until(everything, 60)
    finally:
        process.kill()
        process.wait()
    assert await rows() == EVENTS
    seen = Counter(call.verified(endpoint.secret)["data"]["order_id"] for call in receiver.calls)
    assert set(seen) == {str(event.order_id) for event in orders}
    ids = {call.message["data"]["order_id"]: call.message_id for call in receiver.calls}
    assert all(ids[call.message["data"]["order_id"]] == call.message_id for call in receiver.calls)


async def _more(count: Callable[[], Awaitable[int]], before: int) -> bool:
    return await count() > before
