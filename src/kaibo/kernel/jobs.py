"""Background jobs through procrastinate, in the same PostgreSQL: slow work of low rate (messages, exports, hashing, transcodes).

Deferring inside a transaction goes through procrastinate's own SQL function on our connection, so the job exists only if the
transaction commits. What is born with an order in large numbers is a timer instead (see timers.py).
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import orjson
import procrastinate
from sqlalchemy import text
from sqlalchemy.engine import make_url

from kaibo.kernel import clock
from kaibo.kernel.db import APPLICATION_ROLE, Db
from kaibo.kernel.tasks import first_of
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

QUEUE = "kaibo"
SCHEMA = "jobs"
TRIES_MAX = 6
CONCURRENT_JOBS = 4
STALLED_SECONDS = 30.0
# Longer than a worker's heartbeat (10 s): one that lives is heard between two looks, also after the clock has jumped.
LOOK_SECONDS = 15.0
ERROR_CHARS_MAX = 4_000
FAILED_KEEP_DAYS = 90

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


async def forget_old_failures(db: Db) -> None:
    """Drop what failed long ago, with the note of why."""
    horizon = clock.now() - timedelta(days=FAILED_KEEP_DAYS)
    old = (
        f"DELETE FROM {SCHEMA}.procrastinate_jobs WHERE status IN ('failed', 'cancelled')"  # noqa: S608 (our own constant)
        " AND id IN (SELECT job_id FROM kernel.job_failures WHERE at < :horizon)"
    )
    await db.execute(text(old), {"horizon": horizon})
    await db.execute(text("DELETE FROM kernel.job_failures WHERE at < :horizon"), {"horizon": horizon})


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


def connector(database_url: str, role: str | None = APPLICATION_ROLE) -> procrastinate.PsycopgConnector:
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    options = f"-c search_path={SCHEMA}" + (f" -c role={role}" if role else "")
    return procrastinate.PsycopgConnector(
        conninfo=url, kwargs={"options": options}, min_size=1, max_size=CONCURRENT_JOBS
    )


def application(database_url: str, wings: list[Jobs], *, role: str | None = APPLICATION_ROLE) -> procrastinate.App:
    """A procrastinate app that knows every wing's jobs. `role` None works as whoever signs in: for the migration only."""
    app = procrastinate.App(connector=connector(database_url, role))
    retry = procrastinate.RetryStrategy(max_attempts=TRIES_MAX, exponential_wait=3)
    for wing in wings:
        for name, action in wing.all.items():
            app.task(name=name, queue=QUEUE, retry=retry, pass_context=True)(_watched(action))
    return app


def _watched(action: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """`action`, leaving its last error where an operator can read it (kernel/web/failed_jobs.py)."""

    async def run(job: procrastinate.JobContext, **arguments: Any) -> Any:
        try:
            return await action(**arguments)
        except Exception as wrong:
            await _note_failure(job, wrong)
            raise

    return run


async def _note_failure(job: procrastinate.JobContext, wrong: Exception) -> None:
    error = "".join(traceback.format_exception(wrong))[-ERROR_CHARS_MAX:].replace("\x00", "")
    try:
        await job.app.connector.execute_query_async(
            "INSERT INTO kernel.job_failures (job_id, name, error, tries, at)"
            " VALUES (%(id)s, %(name)s, %(error)s, %(tries)s, now())"
            " ON CONFLICT (job_id) DO UPDATE SET error = excluded.error, tries = excluded.tries, at = excluded.at",
            id=job.job.id,
            name=job.job.task_name,
            error=error,
            tries=job.job.attempts + 1,
        )
    except Exception as worse:
        log.warning("jobs.failure_not_noted", error=repr(worse))


class Rescue:
    """Gives the jobs of killed workers back: without it they would stay "doing" for ever."""

    def __init__(self, app: procrastinate.App) -> None:
        self._jobs = app.job_manager
        self._suspects: frozenset[int | None] = frozenset()

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except procrastinate.exceptions.ConnectorException as wrong:
                log.warning("jobs.rescue_failed", error=repr(wrong))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Have every job run again whose worker was silent now and at the last look; a job that ended many workers has failed."""
        silent = list(await self._jobs.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=STALLED_SECONDS))
        for job in silent:
            if job.id not in self._suspects:
                continue
            log.warning("jobs.worker_lost", job=job.task_name, id=job.id, attempts=job.attempts + 1)
            if job.attempts >= TRIES_MAX:
                await self._jobs.finish_job(job, procrastinate.jobs.Status.FAILED, delete_job=False)
            else:
                await self._jobs.retry_job(job)
        self._suspects = frozenset(job.id for job in silent)


async def run(app: procrastinate.App, stop: asyncio.Event) -> None:
    """Work until told to stop; running jobs get five seconds to finish. Raises what ended the worker by itself."""
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=CONCURRENT_JOBS,
                install_signal_handlers=False,
                listen_notify=True,
                fetch_job_polling_interval=10,
                shutdown_graceful_timeout=5,
                stalled_worker_timeout=STALLED_SECONDS,
                delete_jobs="successful",
            )
        )
        rescue = asyncio.create_task(Rescue(app).run())
        await first_of(asyncio.shield(worker), stop.wait())
        rescue.cancel()
        worker.cancel()
        ended, _ = await asyncio.gather(worker, rescue, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended
