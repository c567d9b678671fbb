"""The market of the trade tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kaibo.kernel import config
from kaibo.kernel.config import Settings
from tests.conftest import SignIn
from tests.trade.world import Buyer, Shop, make_buyer, open_shop


@pytest.fixture
async def shop(sign_in: SignIn) -> Shop:
    return await open_shop(sign_in)


@pytest.fixture
async def buyer(sign_in: SignIn) -> Buyer:
    return await make_buyer(sign_in)


@pytest.fixture
def terms(settings: Settings) -> Iterator[object]:
    """`terms(pay_seconds=1)` changes the house's terms for one test."""
    before = config.current()

    def change(**changes: object) -> None:
        config.install(before.model_copy(update=changes))

    yield change
    config.install(before)
