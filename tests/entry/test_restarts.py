"""When the supervisor starts a fallen child again: at once where it had served, ever later where it never gets so far."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from kaibo import supervise
from kaibo.supervise import Child, Tree


@pytest.fixture
async def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Tree, list[str]]]:
    monkeypatch.setattr(supervise, "STEADY_SECONDS", 0.2)
    monkeypatch.setattr(supervise, "RESTART_SECONDS", (0.01, 0.02, 0.03))
    words: list[str] = []
    tree = Tree(tmp_path, words.append)
    yield tree, words
    await tree.stop()


def child(ready_after: float = 0.0) -> Child:
    async def ready() -> None:
        await asyncio.sleep(ready_after)

    return Child("sleeper", lambda: ["sleep", "60"], ready)


async def fall(tree: Tree, words: list[str]) -> str:
    """Kill the child; what the supervisor says of it once another runs."""
    before, pid = len(words), tree.pid("sleeper")
    psutil.Process(pid).kill()
    async with asyncio.timeout(10):
        while tree.pid("sleeper") == pid:
            await asyncio.sleep(0.005)
    return next(word for word in words[before:] if "ended unexpectedly" in word)


async def test_who_has_served_is_started_again_at_once_however_often_it_is_killed(said: tuple[Tree, list[str]]) -> None:
    tree, words = said
    await tree.start(child())
    for _ in range(4):
        await asyncio.sleep(0.4)
        assert "again in 0.01 s" in await fall(tree, words)


async def test_who_falls_before_it_serves_is_started_ever_later(said: tuple[Tree, list[str]]) -> None:
    tree, words = said
    await tree.start(child())
    assert "again in 0.01 s" in await fall(tree, words)
    assert "again in 0.02 s" in await fall(tree, words)
    assert "again in 0.03 s" in await fall(tree, words)
    assert "again in 0.03 s" in await fall(tree, words)


async def test_being_there_is_not_serving(said: tuple[Tree, list[str]]) -> None:
    tree, words = said
    await tree.start(child(ready_after=0.5))
    assert "again in 0.01 s" in await fall(tree, words)
    await asyncio.sleep(0.4)  # it runs for longer than STEADY_SECONDS, and is not ready yet
    assert "again in 0.02 s" in await fall(tree, words)
