"""The crew rehearses: pictures and chat for the crew alone."""

from __future__ import annotations

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.broadcasts import lookup, rules
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.live.announce import announce


async def rehearse(db: Db, on: lookup.Broadcast) -> lookup.Broadcast:
    """The caller holds the broadcast's row. Raises StepNotAllowed."""
    state = rules.step(on.state, "rehearsal")
    await db.execute(update(broadcasts).where(broadcasts.c.id == on.id).values(state=state, rehearsed_at=clock.now()))
    await announce(db, on.room_id, "playback")
    return await lookup.broadcast(db, on.id)
