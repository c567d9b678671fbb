"""The crew starts the pitch of an item; the running one ends in the same moment."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.stage.bag import lookup as bag
from kaibo.stage.broadcasts.lookup import Broadcast
from kaibo.stage.contracts import NotLive
from kaibo.stage.live.announce import announce
from kaibo.stage.pitches.end_pitch import end_pitch
from kaibo.stage.pitches.lookup import Pitch
from kaibo.stage.pitches.tables import pitch_requests, pitches


async def start_pitch(db: Db, on: Broadcast, item_id: UUID, started_by: UUID) -> Pitch:
    """Its open requests count as answered. The caller holds the broadcast's row. Raises NotLive, BagItemMissing."""
    if on.state not in ("rehearsal", "live"):
        raise NotLive()
    item = await bag.item(db, on.id, item_id)
    await end_pitch(db, on)
    now = clock.now()
    pitch = Pitch(new_id(), on.id, item.id, now)
    await db.execute(
        pitches.insert().values(id=pitch.id, broadcast_id=on.id, item_id=item.id, started_by=started_by, started_at=now)
    )
    asked = (pitch_requests.c.item_id == item.id) & pitch_requests.c.answered_at.is_(None)
    await db.execute(update(pitch_requests).where(asked).values(answered_at=now))
    await announce(db, on.room_id, "pitch.started", item_id=str(item.id))
    return pitch
