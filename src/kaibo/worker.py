"""The worker process: outbox relay, reactions, timers, jobs and the owners of the live rooms."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from kaibo import house
from kaibo.kernel import clock, jobs, memory, telemetry
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import Relay
from kaibo.kernel.reactions import Consumer, forget_old
from kaibo.kernel.telemetry import get_logger
from kaibo.kernel.timers import Sweeper, set_timer
from kaibo.open import facade as open_wing
from kaibo.people import facade as people
from kaibo.stage import facade as stage
from kaibo.trade import facade as trade

log = get_logger(__name__)

HOUSEKEEPING = "kernel.housekeeping"


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run until told to stop."""
    telemetry.configure(settings, "worker")
    async with house.opened(settings, "worker") as here:
        stage.register()
        async with here.database.transaction() as db:
            await _housekeeping(db, "", {})
            await trade.keep_books(db)
        tasks = [
            asyncio.create_task(_kept_alive(name, part, stop), name=name) for name, part in _parts(here, stop).items()
        ]
        mark = settings.data_dir / "run" / "worker.ready"
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(str(os.getpid()), encoding="ascii")
        memory.collect_seldom()
        log.info("worker.ready", parts=len(tasks))
        await stop.wait()
        _, late = await asyncio.wait(tasks, timeout=8)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _parts(here: Context, stop: asyncio.Event) -> dict[str, Callable[[], Awaitable[None]]]:
    database, bus = here.database, here.bus
    actions = {**house.timers(), HOUSEKEEPING: _housekeeping}
    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "relay": lambda: Relay(database, bus).run(stop),
        "timers": lambda: Sweeper(database, actions, house.sweeps()).run(stop),
        "jobs": lambda: jobs.run(jobs.application(here.settings.database_url, house.JOBS), stop),
        "rooms": lambda: stage.run_rooms(stop),
        "webhooks": lambda: open_wing.send_webhooks(stop),
    }
    for name, reaction in house.reactions().items():
        parts[name] = partial(Consumer(database, bus, reaction).run, stop)
    return parts


async def _kept_alive(name: str, part: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Start a part again where it falls over (an engine restarting), and say so."""
    while not stop.is_set():
        try:
            await part()
        except Exception as wrong:
            log.error("worker.part_failed", part=name, error=repr(wrong))
        if not stop.is_set():
            await asyncio.sleep(1)


async def _housekeeping(db: Db, _key: str, _payload: dict[str, object]) -> None:
    await forget_old(db)
    await jobs.forget_old_failures(db)
    await people.forget_old_token_writes(db)
    await open_wing.forget_old_messages(db)
    await set_timer(db, kind=HOUSEKEEPING, key="", due_at=clock.now() + timedelta(hours=6))
