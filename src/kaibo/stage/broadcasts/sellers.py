"""The seller notice: whose goods are in a bag, as the law wants it shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.stage.bag import lookup as bag
from kaibo.stage.wire import SellerWire


async def sellers_of(db: Db, shop_ids: Iterable[UUID]) -> list[SellerWire]:
    """One entry a shop, in the order given; a shop that no longer exists is left out."""
    wanted = list(dict.fromkeys(shop_ids))
    shops = {UUID(str(k)): v for k, v in (await people.shop_view(db, wanted)).items()} if wanted else {}
    return [
        SellerWire(
            shop_id=s.id,
            shop_name=s.name,
            legal_name=s.legal_name,
            licence_number=s.licence_number,
            address=s.address,
        )
        for s in (shops[shop_id] for shop_id in wanted if shop_id in shops)
    ]


async def sellers_of_bag(db: Db, broadcast_id: UUID) -> list[SellerWire]:
    return await sellers_of(db, [i.shop_id for i in await bag.items(db, broadcast_id)])


def stored(sellers: list[SellerWire]) -> list[dict[str, Any]]:
    """As kept with the broadcast."""
    return [s.model_dump(mode="json") for s in sellers]
