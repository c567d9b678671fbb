"""The market and the payment provider of the trade tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn

from kaibo.kernel import config
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.engines.ports import free_port
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.world import Buyer, Shop, make_buyer, open_shop

FAST = ("--notify-scale", "0.02", "--refund-delay-ms", "50")


@pytest.fixture
async def shop(sign_in: SignIn) -> Shop:
    return await open_shop(sign_in)


@pytest.fixture
async def buyer(sign_in: SignIn) -> Buyer:
    return await make_buyer(sign_in)


@pytest.fixture(scope="session")
async def callback_url(app: object) -> AsyncIterator[str]:
    """The application behind a real port, so that the provider can call back."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_level="error"))  # type: ignore[arg-type]
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture(scope="session")
def provider(settings: Settings, app: object, here: Context, callback_url: str) -> Iterator[Sandbox]:
    """The sandbox gateway as a process of its own; the house is configured to be called back at a real port."""
    sandbox = Sandbox(settings.data_dir / "gateway", *FAST)
    sandbox.start()
    config.install(settings.model_copy(update={"public_url": callback_url}))
    yield sandbox
    config.install(settings)
    sandbox.stop()


@pytest.fixture
def terms(settings: Settings) -> Iterator[object]:
    """`terms(pay_seconds=1)` changes the house's terms for one test."""
    before = config.current()

    def change(**changes: object) -> None:
        config.install(before.model_copy(update=changes))

    yield change
    config.install(before)
