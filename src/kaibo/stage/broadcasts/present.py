"""A broadcast as its crew sees it."""

from __future__ import annotations

from kaibo.kernel.db import Db
from kaibo.stage.broadcasts import lookup, rules
from kaibo.stage.broadcasts.readiness import readiness
from kaibo.stage.broadcasts.sellers import sellers_of_bag
from kaibo.stage.wire import BroadcastWire, NoticesWire, SellerWire


async def broadcast_wire(db: Db, on: lookup.Broadcast) -> BroadcastWire:
    """Before the end the sellers are those of the bag as it is; after it, those kept with the broadcast."""
    ended = on.state == "ended"
    sellers = [SellerWire(**s) for s in on.sellers] if ended else await sellers_of_bag(db, on.id)
    return BroadcastWire(
        id=on.id,
        room_id=on.room_id,
        state=on.state,
        title=on.title,
        cover_url=on.cover_url,
        marks=on.marks,
        notices=NoticesWire(operator_name=on.operator_name, sellers=sellers, safety_notice=on.safety_notice),
        missing=rules.missing(await readiness(db, on)) if on.state in ("draft", "rehearsal") else [],
        created_at=on.created_at,
        rehearsed_at=on.rehearsed_at,
        started_at=on.started_at,
        ended_at=on.ended_at,
        ended_why=on.ended_why,
        ended_reason=on.ended_reason,
    )
