from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.payment.world import Receiver, Sandbox, World

FAST = ("--notify-scale", "0.02", "--refund-delay-ms", "50")


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("gateway") / "data", *FAST)
    sandbox.start()
    yield sandbox
    assert sandbox.stop() == 0, sandbox.log_path.read_text()


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A gateway that the test may kill or reconfigure."""
    sandbox = Sandbox(tmp_path / "data", *FAST)
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest_asyncio.fixture
async def world(sandbox: Sandbox, receiver: Receiver) -> AsyncIterator[World]:
    async with sandbox.gateway() as gateway:
        yield World(sandbox, receiver, gateway)


@pytest_asyncio.fixture
async def own_world(own_sandbox: Sandbox, receiver: Receiver) -> AsyncIterator[World]:
    async with own_sandbox.gateway() as gateway:
        yield World(own_sandbox, receiver, gateway)
