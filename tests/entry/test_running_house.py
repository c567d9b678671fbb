"""A running `kaibo up`: a second one, crashes of its children, its own commands, and its end, wished for or not.

The tests share one house and run in the order of this file; each leaves the house up for the next.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import psutil
import pytest

from kaibo.kernel.engines.postgres import bin_directory
from tests.entry.command import all_gone, children_of, kaibo
from tests.journeys.house import PASSWORD, RunningHouse

pytestmark = pytest.mark.xdist_group("entry")

PATH = "/api/shelf"  # read from PostgreSQL, by anybody
CHILDREN = {"postgres", "nats", "gateway", "web", "worker", "media"}


@pytest.fixture(scope="module")
async def house() -> AsyncIterator[RunningHouse]:
    made = RunningHouse(Path(tempfile.mkdtemp(prefix="kaibo-entry-")) / "data")
    await made.start()
    yield made
    if made.process is not None and made.process.returncode is None:
        await made.stop()
    shutil.rmtree(made.data_dir.parent)


def pid_of(house: RunningHouse) -> int:
    assert house.process is not None
    return house.process.pid


def output(house: RunningHouse) -> str:
    """All that this `up` and those before it on the same directory have said."""
    return (house.data_dir / "up.log").read_text(encoding="utf-8")


async def heard(house: RunningHouse, words: str, after: int, seconds: float = 60) -> None:
    """Returns once `words` were said beyond character `after` of the output."""
    async with asyncio.timeout(seconds):
        while words not in output(house)[after:]:
            await asyncio.sleep(0.1)


async def start_again(house: RunningHouse) -> None:
    """Start it with an empty output."""
    (house.data_dir / "up.log").unlink()
    await house.start()


async def child_beside(house: RunningHouse, name: str, old: int, seconds: float = 30) -> psutil.Process:
    """The child `name` that is not process `old`."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                found = house.child(name)
                if found.pid != old:
                    return found
            except LookupError:
                pass
            await asyncio.sleep(0.02)


async def answered(house: RunningHouse, path: str, wanted: Callable[[httpx.Response], bool]) -> httpx.Response:
    """The first answer of `path` that is as wanted, within a minute."""
    async with httpx.AsyncClient(base_url=house.url, timeout=15) as client, asyncio.timeout(60):
        while True:
            try:
                answer = await client.get(path)
                if wanted(answer):
                    return answer
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def good(answer: httpx.Response) -> bool:
    return answer.status_code == 200


def last_end(house: RunningHouse) -> str:
    """What PostgreSQL has written down about its last end: "shut down" is one without anything to recover."""
    data = house.data_dir / "postgres" / "data"
    command = [str(bin_directory() / "pg_controldata"), "-D", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"LC_ALL": "C"})
    return next(line.split(":", 1)[1].strip() for line in done.stdout.splitlines() if "cluster state" in line)


async def test_it_is_up_and_says_where(house: RunningHouse) -> None:
    said = output(house)
    assert f"{house.url}/desk/" in said
    assert f"{house.url}/local/sms" in said
    assert str(house.data_dir / "logs") in said
    assert (await answered(house, "/readyz", good)).text == "ready\n"
    assert {name for name in CHILDREN if house.child(name).is_running()} == CHILDREN


async def test_a_second_up_on_the_same_directory_is_refused_with_the_reason(house: RunningHouse) -> None:
    said = await kaibo("up", env=house.environment)
    assert said.code == 1, said.text
    assert f"in use by another `kaibo up` (process {pid_of(house)})" in said.text
    assert "--data-dir" in said.text
    assert (await answered(house, "/readyz", good)).status_code == 200


async def test_migrating_again_changes_nothing(house: RunningHouse) -> None:
    said = await kaibo("migrate", env=house.environment)
    assert said.code == 0, said.text
    assert "The database is up to date." in said.text


async def test_staff_are_added_once_and_bad_ones_refused_with_words(house: RunningHouse) -> None:
    add = ("staff", "add", "ying", "--role", "operator", "--password")
    said = await kaibo(*add, PASSWORD, env=house.environment)
    assert said.code == 0, said.text
    assert "Created ying." in said.text
    assert "otpauth://totp/" in said.text
    again = await kaibo(*add, PASSWORD, env=house.environment)
    assert again.code == 1, again.text
    assert "ying" in again.text
    weak = await kaibo("staff", "add", "wei", "--role", "operator", "--password", "short", env=house.environment)
    assert weak.code == 1, weak.text
    odd = await kaibo("staff", "add", "odd", "--role", "emperor", "--password", PASSWORD, env=house.environment)
    assert odd.code == 1, odd.text
    for refused in (again, weak, odd):
        assert "Traceback" not in refused.text
        assert PASSWORD not in refused.text


async def test_the_doctor_knows_its_own_ports(house: RunningHouse) -> None:
    said = await kaibo("doctor", env=house.environment)
    assert said.text.count("in use by the running Kaibo") == len(house.ports), said.text


async def test_a_crashed_child_comes_back_and_it_is_said(house: RunningHouse) -> None:
    before, old = len(output(house)), house.child("media")
    old.kill()
    await heard(house, "media ended unexpectedly (code -9); starting it again", before)
    await heard(house, "media is back", before)
    assert house.child("media").pid != old.pid


async def test_a_child_that_dies_again_before_it_is_ready_is_noticed(house: RunningHouse) -> None:
    before, old = len(output(house)), house.child("worker")
    old.kill()
    second = await child_beside(house, "worker", old.pid)
    second.kill()
    third = await child_beside(house, "worker", second.pid)
    assert third.pid != old.pid
    await heard(house, "worker is back", before)
    assert output(house)[before:].count("worker ended unexpectedly") == 2


async def test_a_database_that_restarts_is_survived_by_the_web(house: RunningHouse) -> None:
    web, before, answers, watching = house.child("web"), len(output(house)), list[httpx.Response](), asyncio.Event()

    async def watch() -> None:
        async with httpx.AsyncClient(base_url=house.url, timeout=30) as client:
            while not watching.is_set():
                answers.append(await client.get(PATH))
                await asyncio.sleep(0.02)

    watcher = asyncio.create_task(watch())
    first = house.child("postgres")
    first.kill()
    (await child_beside(house, "postgres", first.pid)).kill()  # the second pause is a longer one
    await heard(house, "postgresql is back", before)
    assert (await answered(house, PATH, good)).status_code == 200
    assert (await answered(house, "/readyz", good)).status_code == 200
    watching.set()
    await watcher
    assert {answer.status_code for answer in answers} == {200, 503}
    down = next(answer for answer in answers if answer.status_code == 503)
    assert down.headers["retry-after"] == "1"
    assert down.json()["code"] == "kernel.engine_down"
    assert house.child("web").pid == web.pid, "the same process all along"


async def test_ctrl_c_stops_everything_and_the_database_in_order(house: RunningHouse) -> None:
    children = children_of(pid_of(house))
    await house.stop()
    assert house.process is not None
    assert house.process.returncode == 0
    await all_gone(children, 1)
    said = output(house)
    assert "Stopping…" in said
    assert "was killed" not in said, "every child ended when it was asked to"
    log = house.data_dir / "logs" / "postgresql.log"
    assert last_end(house) == "shut down"
    before = log.stat().st_size
    await start_again(house)
    with log.open("rb") as file:
        file.seek(before)
        assert b"recovery" not in file.read()


async def test_a_killed_supervisor_leaves_nothing_behind_and_the_next_up_works(house: RunningHouse) -> None:
    children = children_of(pid_of(house))
    assert len(children) >= len(CHILDREN)
    assert house.process is not None
    house.process.kill()
    await house.process.wait()
    # At once, as somebody would whose terminal was closed: what is still ending is waited for.
    await start_again(house)
    await all_gone(children, 1)
    assert (await answered(house, "/readyz", good)).status_code == 200


async def test_sigterm_ends_it_like_ctrl_c(house: RunningHouse) -> None:
    children = children_of(pid_of(house))
    assert house.process is not None
    house.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(house.process.wait(), 60) == 0
    await all_gone(children, 1)


async def test_ctrl_c_during_the_start_leaves_nothing_behind(house: RunningHouse) -> None:
    starting = asyncio.create_task(start_again(house))
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        while "Starting the web" not in (output(house) if (house.data_dir / "up.log").exists() else ""):
            assert not starting.done(), starting.exception()
            await asyncio.sleep(0.05)
    children = children_of(pid_of(house))
    assert house.process is not None
    house.process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(house.process.wait(), 60) == 0
    with pytest.raises(RuntimeError, match="kaibo up ended"):
        await starting
    await all_gone(children, 1)
    assert "Traceback" not in output(house)
