"""A small demo world behind a real port: two shops, a few products, plain pictures, an encoder that only says it sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import uvicorn
from PIL import Image

from kaibo.demo.door import Door
from kaibo.demo.memory import Memory
from kaibo.kernel import config
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.engines.ports import free_port
from tests.demo.small_world import SmallWorld, small_plans
from tests.payment.world import Sandbox


@pytest.fixture(scope="session")
async def port(app: object) -> AsyncIterator[int]:
    """The application behind a real port, as the demo reaches it."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_level="error"))  # type: ignore[arg-type]
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield port
    server.should_exit = True
    await serving


@pytest.fixture(scope="session")
def cashier(settings: Settings, here: Context, port: int) -> Iterator[str]:
    """Address of the sandbox gateway, a process of its own that calls back at the application's port."""
    sandbox = Sandbox(settings.data_dir / "gateway", "--notify-scale", "0.02", "--refund-delay-ms", "50")
    sandbox.start()
    config.install(settings.model_copy(update={"public_url": f"http://127.0.0.1:{port}"}))
    yield sandbox.base_url.rstrip("/")
    config.install(settings)
    sandbox.stop()


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
