"""What the tests of goods share."""

from __future__ import annotations

from typing import Any

import pytest

from kaibo.kernel.context import Context
from tests.goods.world import Shop, open_shop, picture_bytes, upload
from tests.people_of_tests import Person


@pytest.fixture
async def shop(sign_in: Any, here: Context) -> Shop:
    """A shop of its own for the test."""
    owner = await sign_in()
    async with here.database.transaction() as db:
        return Shop(await open_shop(db, owner.id), owner)


@pytest.fixture
async def reviewer(sign_in: Any) -> Person:
    made: Person = await sign_in(roles=[("reviewer", "platform", None)])
    return made


@pytest.fixture
async def picture_id(shop: Shop) -> str:
    made: str = (await upload(shop.owner.client, picture_bytes())).json()["id"]
    return made
