"""A shop, a buyer, and a receiving server in the neighbourhood."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from kaibo.kernel import config
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.open.webhooks.sender import Sender
from tests.conftest import SignIn
from tests.open.receiver import Receiver, receiving
from tests.trade.world import Buyer, Shop, make_buyer, open_shop


@pytest.fixture
async def shop(sign_in: SignIn) -> Shop:
    return await open_shop(sign_in)


@pytest.fixture
async def buyer(sign_in: SignIn) -> Buyer:
    return await make_buyer(sign_in)


@pytest.fixture
def neighbourhood(settings: Settings) -> Iterator[None]:
    """Private addresses may be called."""
    config.install(settings.model_copy(update={"webhook_private_addresses": True}))
    yield
    config.install(settings)


@pytest.fixture
async def receiver(neighbourhood: None) -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def sender(here: Context) -> AsyncIterator[Sender]:
    made = Sender(here.database, private_allowed=True)
    yield made
    await made.close()
