"""The broadcast ends: by its crew, by the platform, or by itself after a long silence."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.kernel.timers import cancel_timer
from kaibo.stage.broadcasts import lookup, rules
from kaibo.stage.broadcasts.sellers import sellers_of_bag, stored
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.contracts import BroadcastEnded
from kaibo.stage.live.announce import announce
from kaibo.stage.pitches.end_pitch import end_pitch

SILENT_TIMER = "stage.broadcast.silent"


async def end(
    db: Db, on: lookup.Broadcast, *, why: Literal["host", "operator", "silent"], by: UUID | None, reason: str = ""
) -> lookup.Broadcast:
    """The running pitch ends with it. The caller holds the broadcast's row. Raises StepNotAllowed where it had ended."""
    state = rules.step(on.state, "ended")
    now = clock.now()
    await end_pitch(db, on)
    sellers = stored(await sellers_of_bag(db, on.id)) if on.state == "live" else on.sellers
    await db.execute(
        update(broadcasts)
        .where(broadcasts.c.id == on.id)
        .values(state=state, ended_at=now, ended_why=why, ended_reason=reason, ended_by=by, sellers=sellers)
    )
    await cancel_timer(db, kind=SILENT_TIMER, key=str(on.id))
    await publish(
        db,
        BroadcastEnded(broadcast_id=on.id, room_id=on.room_id, host_id=on.host_id, why=why, reason=reason, at=now),
    )
    await announce(db, on.room_id, "broadcast.ended", why=why)
    return await lookup.broadcast(db, on.id)
