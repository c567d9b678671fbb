"""How long a creator pitched products: what a slot fee contract asks."""

from __future__ import annotations

from sqlalchemy import cast, func, select
from sqlalchemy.types import BigInteger

from kaibo.goods import facade as goods
from kaibo.goods.contracts.slots import SlotDue
from kaibo.kernel.db import Db
from kaibo.stage.bag.tables import bag_items
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.pitches.tables import pitches


async def measure_slot(db: Db, event: SlotDue) -> None:
    """The seconds within the contract's time that its products were in pitch in live broadcasts of the creator."""
    began = func.greatest(pitches.c.started_at, event.starts_at, broadcasts.c.started_at)
    ended = func.least(func.coalesce(pitches.c.ended_at, event.ends_at), event.ends_at)
    seconds = func.greatest(0, func.extract("epoch", ended - began))
    query = (
        select(cast(func.coalesce(func.sum(seconds), 0), BigInteger))
        .join(bag_items, bag_items.c.id == pitches.c.item_id)
        .join(broadcasts, broadcasts.c.id == pitches.c.broadcast_id)
        .where(
            broadcasts.c.host_id == event.creator_id,
            broadcasts.c.started_at.isnot(None),
            bag_items.c.product_id.in_(event.product_ids),
            pitches.c.started_at < event.ends_at,
        )
    )
    await goods.report_pitch_seconds(db, event.contract_id, int(await db.scalar(query) or 0))
