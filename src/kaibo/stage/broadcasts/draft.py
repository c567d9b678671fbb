"""The crew prepares the room's next broadcast."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import say
from kaibo.kernel.ids import new_id
from kaibo.stage.broadcasts import lookup
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.contracts import BroadcastOpen, Mark
from kaibo.stage.ingest import lookup as ingest
from kaibo.stage.ingest.issue_key import issue_key
from kaibo.stage.live.announce import announce
from kaibo.stage.rooms import lookup as rooms


async def draft(
    db: Db, room_id: UUID, by: UUID, *, title: str, cover_url: str | None, operator_name: str, marks: list[Mark]
) -> lookup.Broadcast:
    """One at a time: raises BroadcastOpen while another has not ended. An expired stream key is replaced."""
    room = await rooms.room(db, room_id, lock=True)
    before = await lookup.open_broadcast(db, room_id)
    if before is not None:
        raise BroadcastOpen(broadcast_id=str(before.id), state=before.state)
    broadcast_id = new_id()
    await db.execute(
        broadcasts.insert().values(
            id=broadcast_id,
            room_id=room_id,
            host_id=room.host_id,
            title=title,
            cover_url=cover_url or room.cover_url,
            state="draft",
            operator_name=operator_name,
            marks=list(dict.fromkeys(marks)),
            # The viewers' notice is Chinese law's: it is kept with the broadcast as it was shown.
            safety_notice=say("stage.safety_notice", "zh", {}),
            sellers=[],
            created_by=by,
        )
    )
    key = await ingest.current_key(db, room_id)
    if key is None or not key.good(clock.now()):
        await issue_key(db, room_id)
    await announce(db, room_id, "broadcast")
    return await lookup.broadcast(db, broadcast_id)
