"""Background jobs exist only if their transaction does, run once, and survive the process that ran them."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from kaibo.kernel import jobs
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context

Worker = asyncio.subprocess.Process
StartWorker = Callable[[], Awaitable[Worker]]


@pytest.fixture
async def start_worker(settings: Settings, tmp_path: Path, here: Context) -> AsyncIterator[StartWorker]:
    """Workers of their own process, ended with the test."""
    started: list[Worker] = []

    async def one() -> Worker:
        words = [sys.executable, "-m", "tests.kernel.job_worker", settings.database_url, str(tmp_path)]
        started.append(await asyncio.create_subprocess_exec(*words, cwd=Path(__file__).resolve().parents[2]))
        return started[-1]

    yield one
    for worker in started:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    async with here.database.transaction() as db:
        await db.execute(text("DELETE FROM jobs.procrastinate_jobs WHERE task_name LIKE 'test.%'"))


async def eventually(look: Callable[[], Any], seconds: float = 30) -> Any:
    async with asyncio.timeout(seconds):
        while not (seen := look()):
            await asyncio.sleep(0.05)
    return seen


async def ask(here: Context, sql: str) -> list[Any]:
    async with here.database.transaction() as db:
        return list((await db.execute(text(sql))).all())


async def test_a_job_of_a_rolled_back_transaction_never_runs(
    here: Context, tmp_path: Path, start_worker: StartWorker
) -> None:
    with pytest.raises(RuntimeError):
        async with here.database.transaction() as db:
            await jobs.defer(db, "test.mark", mark="undone")
            raise RuntimeError
    async with here.database.transaction() as db:
        await jobs.defer(db, "test.mark", mark="done")
    await start_worker()
    await eventually((tmp_path / "done").exists)
    assert not (tmp_path / "undone").exists()


async def test_a_job_runs_once_after_its_commit_though_two_workers_want_it(
    here: Context, tmp_path: Path, start_worker: StartWorker
) -> None:
    await start_worker()
    await start_worker()
    names = [secrets.token_hex(4) for _ in range(20)]
    async with here.database.transaction() as db:
        for name in names:
            await jobs.defer(db, "test.mark", mark=name)
        await asyncio.sleep(0.5)
        assert not any((tmp_path / name).exists() for name in names), "ran before the commit"
    await eventually(lambda: all((tmp_path / name).exists() for name in names))
    await asyncio.sleep(0.5)
    assert [(tmp_path / name).read_text() for name in names] == ["ran\n"] * 20
    assert await ask(here, "SELECT 1 FROM jobs.procrastinate_jobs WHERE task_name = 'test.mark'") == []


async def test_a_job_whose_worker_was_killed_runs_again(
    here: Context, tmp_path: Path, start_worker: StartWorker, settings: Settings
) -> None:
    worker = await start_worker()
    async with here.database.transaction() as db:
        await jobs.defer(db, "test.linger", mark="long")
    await eventually((tmp_path / "long").exists)
    worker.kill()
    await worker.wait()
    await silence_for_a_minute(here)
    app = jobs.application(settings.database_url, [])
    async with app.open_async():
        rescue = jobs.Rescue(app)
        await rescue.look()
        assert await ask(here, "SELECT status FROM jobs.procrastinate_jobs WHERE task_name = 'test.linger'") == [
            ("doing",)
        ], "one look is not enough: the clock may have jumped"
        await rescue.look()
    await start_worker()
    await eventually(lambda: "ended" in (tmp_path / "long").read_text())
    assert (tmp_path / "long").read_text() == "began\nbegan\nended\n"


async def test_a_worker_looks_after_the_jobs_of_killed_ones_by_itself(
    here: Context, tmp_path: Path, start_worker: StartWorker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await start_worker()
    async with here.database.transaction() as db:
        await jobs.defer(db, "test.linger", mark="left")
    await eventually((tmp_path / "left").exists)
    worker.kill()
    await worker.wait()
    await silence_for_a_minute(here)
    monkeypatch.setattr(jobs, "LOOK_SECONDS", 0.2)
    ran: list[str] = []
    mine = jobs.Jobs("test")

    @mine.job("test.linger")
    async def note(mark: str) -> None:
        ran.append(mark)

    stop = asyncio.Event()
    working = asyncio.create_task(jobs.run(jobs.application(settings.database_url, [mine]), stop))
    await eventually(lambda: ran)
    stop.set()
    await asyncio.wait_for(working, 10)
    assert ran == ["left"]


async def test_a_living_workers_job_is_left_alone_though_the_clock_jumped(
    here: Context, tmp_path: Path, start_worker: StartWorker, settings: Settings
) -> None:
    await start_worker()
    async with here.database.transaction() as db:
        await jobs.defer(db, "test.linger", mark="alive")
    await eventually((tmp_path / "alive").exists)
    app = jobs.application(settings.database_url, [])
    async with app.open_async():
        rescue = jobs.Rescue(app)
        await silence_for_a_minute(here)
        await rescue.look()
        await heard_again(here)
        await rescue.look()
        await rescue.look()
    assert (tmp_path / "alive").read_text() == "began\n"
    assert await ask(here, "SELECT status FROM jobs.procrastinate_jobs WHERE task_name = 'test.linger'") == [("doing",)]


async def test_a_job_that_ends_every_worker_is_given_up(
    here: Context, tmp_path: Path, start_worker: StartWorker, settings: Settings
) -> None:
    worker = await start_worker()
    async with here.database.transaction() as db:
        await jobs.defer(db, "test.linger", mark="deadly")
    await eventually((tmp_path / "deadly").exists)
    worker.kill()
    await worker.wait()
    await silence_for_a_minute(here)
    async with here.database.transaction() as db:
        await db.execute(text("UPDATE jobs.procrastinate_jobs SET attempts = :n"), {"n": jobs.TRIES_MAX})
    app = jobs.application(settings.database_url, [])
    async with app.open_async():
        rescue = jobs.Rescue(app)
        await rescue.look()
        await rescue.look()
    assert await ask(here, "SELECT status FROM jobs.procrastinate_jobs WHERE task_name = 'test.linger'") == [
        ("failed",)
    ]


async def test_a_worker_that_is_told_to_stop_gives_its_job_back(
    here: Context, tmp_path: Path, start_worker: StartWorker
) -> None:
    worker = await start_worker()
    async with here.database.transaction() as db:
        await jobs.defer(db, "test.linger", mark="stopped")
    await eventually((tmp_path / "stopped").exists)
    worker.send_signal(signal.SIGTERM)
    await asyncio.wait_for(worker.wait(), 15)
    found = await ask(here, "SELECT status, attempts FROM jobs.procrastinate_jobs WHERE task_name = 'test.linger'")
    assert found == [("todo", 1)]


async def silence_for_a_minute(here: Context) -> None:
    """As if no worker had been heard of for a minute."""
    await _heard(here, "now() - interval '1 minute'")


async def heard_again(here: Context) -> None:
    await _heard(here, "now()")


async def _heard(here: Context, at: str) -> None:
    async with here.database.transaction() as db:
        await db.execute(text(f"UPDATE jobs.procrastinate_workers SET last_heartbeat = {at}"))
