"""The crew puts products into the bag."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people.contracts import PersonId
from kaibo.stage.bag import lookup
from kaibo.stage.bag.rules import BAG_ITEMS_MAX
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.broadcasts.lookup import Broadcast
from kaibo.stage.contracts import AlreadyInBag, BagFull
from kaibo.stage.live.announce import announce


async def fill_bag(db: Db, on: Broadcast, product_ids: Sequence[UUID], added_by: UUID) -> None:
    """Append in the given order. Only approved products (Order 117 art. 30: reviewed before the broadcast).

    The caller holds the broadcast's row. Raises AlreadyInBag, BagFull, goods.ProductMissing, goods.NotOnSale,
    goods.SoldExclusively; adds all or none.
    """
    wanted = list(dict.fromkeys(product_ids))
    there = await lookup.items(db, on.id)
    if repeated := {i.product_id for i in there} & set(wanted):
        raise AlreadyInBag(product_ids=sorted(str(p) for p in repeated))
    if len(there) + len(wanted) > BAG_ITEMS_MAX:
        raise BagFull(items_max=BAG_ITEMS_MAX)
    await goods.require_approved(db, wanted)
    await goods.require_may_sell(db, PersonId(on.host_id), wanted, clock.now())
    shops = {UUID(str(p)): card.shop_id for p, card in (await goods.product_cards(db, wanted)).items()}
    await db.execute(
        bag_items.insert(),
        [
            {
                "id": new_id(),
                "broadcast_id": on.id,
                "product_id": product_id,
                "shop_id": shops[product_id],
                "number": number,
                "added_by": added_by,
            }
            for number, product_id in enumerate(wanted, start=len(there) + 1)
        ],
    )
    await announce(db, on.room_id, "bag")
