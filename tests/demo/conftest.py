"""A small demo world behind a real port: two shops, a few products, plain pictures, an encoder that only says it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from kaibo.demo.door import Door
from kaibo.demo.memory import Memory
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from tests.demo.small_world import SmallWorld, small_plans
from tests.payment.world import Sandbox


@pytest.fixture(scope="session")
def port(app_url: str) -> int:
    """Where the demo reaches the application."""
    return int(app_url.rsplit(":", 1)[1])


@pytest.fixture(scope="session")
def cashier(provider_process: Sandbox) -> str:
    """Address of the sandbox gateway."""
    return provider_process.base_url.rstrip("/")


@pytest.fixture(autouse=True)
def called_back(provider: Sandbox) -> None:
    """Payments of every test here are called back."""


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("pictures")
    files: dict[str, Path] = {}
    for plan in small_plans():
        for key in (*plan.products, f"cover:{plan.key}", f"avatar:{plan.key}"):
            files[key] = directory / f"{len(files)}.png"
            Image.new("RGB", (64, 64), (len(files) * 20 % 256, 80, 40)).save(files[key])
    return files


@pytest.fixture(scope="session")
async def world(
    port: int, cashier: str, here: Context, settings: Settings, pictures: dict[str, Path]
) -> AsyncIterator[SmallWorld]:
    async with Door(port, patience_seconds=5) as door:
        made = SmallWorld(door, Memory(settings.data_dir / "demo" / "world.json"), here, settings, pictures, cashier)
        await made.fill()
        yield made
