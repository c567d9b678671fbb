"""What the entry points and the wings above may ask of the stage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from kaibo.goods.facade import register_rooms
from kaibo.kernel import context
from kaibo.kernel.db import Db
from kaibo.stage.broadcasts.lookup import broadcast
from kaibo.stage.contracts import BroadcastView
from kaibo.stage.evidence import pitch_at
from kaibo.stage.live.share import Share
from kaibo.stage.rooms.selling import follows_seller, room_names, rooms_selling
from kaibo.stage.rooms.tables import demo_persons
from kaibo.stage.source import resolve_source
from kaibo.trade.facade import register_evidence_resolver, register_followers, register_source_resolver


def register() -> None:
    """Entry points call this once at start-up: trade learns whom to ask about orders from a broadcast, and about disputes; goods,
    in which rooms a shop's goods are sold; and coupons, who follows those rooms.
    """
    register_source_resolver("broadcast", resolve_source)
    register_evidence_resolver("broadcast", pitch_at)
    register_rooms(rooms_selling, room_names)
    register_followers(follows_seller)


async def run_rooms(stop: asyncio.Event) -> None:
    """Own a share of the live rooms until told to stop. One a worker process."""
    here = context.get()
    await Share(here.database, here.bus, here.settings.database_url).run(stop)


async def broadcast_view(db: Db, broadcast_id: UUID) -> BroadcastView:
    """Raises BroadcastMissing."""
    on = await broadcast(db, broadcast_id)
    return BroadcastView(
        id=on.id,
        room_id=on.room_id,
        host_id=on.host_id,
        title=on.title,
        state=on.state,
        started_at=on.started_at,
        ended_at=on.ended_at,
    )


async def mark_demo(db: Db, person_ids: Iterable[UUID]) -> None:
    """Everything these accounts do in a room is shown as the demo's."""
    rows = [{"person_id": person_id} for person_id in person_ids]
    if rows:
        await db.execute(insert(demo_persons).values(rows).on_conflict_do_nothing())
