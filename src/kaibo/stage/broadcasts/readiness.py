"""Collects what rules.Readiness judges."""

from __future__ import annotations

from kaibo.goods import facade as goods
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.stage.bag import lookup as bag
from kaibo.stage.broadcasts.lookup import Broadcast
from kaibo.stage.broadcasts.rules import Readiness
from kaibo.stage.broadcasts.sellers import sellers_of
from kaibo.stage.ingest import lookup as ingest


async def readiness(db: Db, on: Broadcast) -> Readiness:
    items = await bag.items(db, on.id)
    cards = await goods.product_cards(db, [i.product_id for i in items]) if items else {}
    shops = {i.shop_id for i in items}
    sellers = await sellers_of(db, shops)
    stream = await ingest.stream(db, on.room_id)
    return Readiness(
        operator_name=on.operator_name,
        safety_notice=on.safety_notice,
        realname_state=await people.realname_state(db, on.host_id),
        bag_items=len(items),
        bag_items_approved=sum(card.approved for card in cards.values()),
        sellers=len(shops),
        sellers_named=sum(bool(s.legal_name and s.licence_number) for s in sellers),
        publishing=stream is not None and stream.on,
    )
