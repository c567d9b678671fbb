"""A checkout is locked and read as a whole."""

from __future__ import annotations

import uuid

import pytest

from kaibo.kernel.context import Context
from kaibo.trade.contracts import OrderMissing
from kaibo.trade.orders.lookup import checkout_orders, lock_checkout, lock_checkout_if_free
from tests.trade.world import Buyer, Shop


async def test_an_order_alone_is_its_own_checkout(here: Context, shop: Shop, buyer: Buyer) -> None:
    order = await buyer.place(await shop.sku())
    async with here.database.transaction() as db:
        (found,) = await checkout_orders(db, uuid.UUID(order["id"]))
        assert str(found.id) == order["id"]
        assert found.checkout_id == found.id
        with pytest.raises(OrderMissing):
            await lock_checkout(db, uuid.uuid4())


async def test_a_checkout_that_somebody_is_at_is_left_to_them(here: Context, shop: Shop, buyer: Buyer) -> None:
    checkout_id = uuid.UUID((await buyer.place(await shop.sku()))["id"])
    async with here.database.transaction() as one:
        assert len(await lock_checkout(one, checkout_id)) == 1
        async with here.database.transaction() as other:
            assert await lock_checkout_if_free(other, checkout_id) is None
    async with here.database.transaction() as other:
        assert await lock_checkout_if_free(other, checkout_id) is not None
