"""A shop, a buyer, a payment provider and a carrier: the last two are processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from tests.payment.world import Sandbox
from tests.shipping.carrier_process import CarrierProcess
from tests.trade.conftest import buyer, shop, terms
from tests.trade.test_refunding import paid_order
from tests.trade.world import Buyer, Shop

__all__ = ["buyer", "shop", "terms"]


@pytest.fixture(scope="session")
def carrier_process(settings: Settings) -> Iterator[CarrierProcess]:
    process = CarrierProcess(settings.data_dir / "carrier")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def carrier(carrier_process: CarrierProcess, here: Context, provider: object) -> CarrierProcess:
    """The carrier, with the house configured to be called back at its real port (`provider` has seen to that)."""
    return carrier_process


@pytest.fixture
async def order(provider: Sandbox, shop: Shop, buyer: Buyer) -> dict[str, Any]:
    """Paid, of one line with two pieces."""
    made = await paid_order(provider, buyer, await shop.sku(), 2)
    return await buyer.order(made["id"])
