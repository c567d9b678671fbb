"""Background jobs through procrastinate, in the same PostgreSQL: slow work of low rate (messages, exports, hashing, transcodes).

Deferring inside a transaction goes through procrastinate's own SQL function on our connection, so the job exists only if the
transaction commits. What is born with an order in large numbers is a timer instead (see timers.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
import procrastinate
from sqlalchemy import text
from sqlalchemy.engine import make_url

from kaibo.kernel.db import Db
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

QUEUE = "kaibo"
SCHEMA = "jobs"
TRIES_MAX = 6
CONCURRENT_JOBS = 4

_F = TypeVar("_F", bound=Callable[..., Awaitable[Any]])


class Jobs:
    """The background jobs of one wing."""

    def __init__(self, wing: str) -> None:
        self.wing = wing
        self.all: dict[str, Callable[..., Awaitable[Any]]] = {}

    def job(self, name: str) -> Callable[[_F], _F]:
        def bind(action: _F) -> _F:
            self.all[name] = action
            return action

        return bind


async def defer(db: Db, name: str, **arguments: Any) -> None:
    """Have the job `name` run soon, if this transaction commits."""
    await db.execute(
        text(
            f"SELECT {SCHEMA}.procrastinate_defer_jobs_v1(ARRAY[ROW("
            f"CAST(:queue AS varchar), CAST(:name AS varchar), 0, NULL, NULL, CAST(:arguments AS jsonb), NULL"
            f")::{SCHEMA}.procrastinate_job_to_defer_v1])"
        ),
        {"queue": QUEUE, "name": name, "arguments": orjson.dumps(arguments).decode()},
    )


def connector(database_url: str) -> procrastinate.PsycopgConnector:
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    return procrastinate.PsycopgConnector(
        conninfo=url, kwargs={"options": f"-c search_path={SCHEMA}"}, min_size=1, max_size=CONCURRENT_JOBS
    )


def application(database_url: str, wings: list[Jobs]) -> procrastinate.App:
    """A procrastinate app that knows every wing's jobs."""
    app = procrastinate.App(connector=connector(database_url))
    retry = procrastinate.RetryStrategy(max_attempts=TRIES_MAX, exponential_wait=3)
    for wing in wings:
        for name, action in wing.all.items():
            app.task(name=name, queue=QUEUE, retry=retry)(action)
    return app


async def run(app: procrastinate.App, stop: asyncio.Event) -> None:
    """Work until told to stop; running jobs get five seconds to finish."""
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=CONCURRENT_JOBS,
                install_signal_handlers=False,
                listen_notify=True,
                fetch_job_polling_interval=10,
                shutdown_graceful_timeout=5,
                delete_jobs="successful",
            )
        )
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({worker, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        worker.cancel()
        await asyncio.gather(worker, waiting, return_exceptions=True)
