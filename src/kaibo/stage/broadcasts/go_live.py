"""The broadcast goes live, if nothing that the law or the viewers want is missing."""

from __future__ import annotations

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.stage.broadcasts import lookup, rules
from kaibo.stage.broadcasts.readiness import readiness
from kaibo.stage.broadcasts.sellers import sellers_of_bag, stored
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.contracts import BroadcastWentLive
from kaibo.stage.live.announce import announce
from kaibo.stage.pitches.end_pitch import end_pitch


async def go_live(db: Db, on: lookup.Broadcast) -> lookup.Broadcast:
    """The caller holds the broadcast's row. Raises StepNotAllowed, or NotReadyToGoLive naming everything that is missing."""
    state = rules.step(on.state, "live")
    rules.require_ready(await readiness(db, on))
    now = clock.now()
    # A pitch tried in the rehearsal is not one of the broadcast.
    await end_pitch(db, on)
    await db.execute(
        update(broadcasts)
        .where(broadcasts.c.id == on.id)
        .values(state=state, started_at=now, sellers=stored(await sellers_of_bag(db, on.id)))
    )
    await publish(db, BroadcastWentLive(broadcast_id=on.id, room_id=on.room_id, host_id=on.host_id, at=now))
    await announce(db, on.room_id, "broadcast.live")
    return await lookup.broadcast(db, on.id)
