"""What the stage says of an order that claims to come from a broadcast."""

from __future__ import annotations

from kaibo.goods.contracts import ProductId
from kaibo.kernel.db import Db
from kaibo.people.contracts import PersonId
from kaibo.stage.bag import lookup as bag
from kaibo.stage.broadcasts.lookup import broadcast
from kaibo.stage.contracts import BagItemMissing, BroadcastMissing
from kaibo.trade.contracts import Source, SourceFacts

_NOTHING = SourceFacts(creator_id=None, title="", allowed=False)


async def resolve_source(db: Db, source: Source) -> SourceFacts:
    """The host earns while the broadcast is live and the item lies in its bag; otherwise the order keeps no source."""
    if source.id is None:
        return _NOTHING
    try:
        on = await broadcast(db, source.id)
        item = await bag.item(db, on.id, source.item) if source.item is not None else None
    except (BroadcastMissing, BagItemMissing):
        return _NOTHING
    return SourceFacts(
        creator_id=PersonId(on.host_id),
        title=on.title,
        allowed=on.state == "live" and item is not None,
        product_id=ProductId(item.product_id) if item else None,
        room_id=on.room_id,
    )
