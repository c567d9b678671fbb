"""A person opens a live room and becomes its host."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people import facade as people
from kaibo.stage.contracts import RealnameNeeded, RoomsFull
from kaibo.stage.ingest.issue_key import issue_key
from kaibo.stage.rooms import lookup
from kaibo.stage.rooms.tables import rooms

ROOMS_PER_HOST_MAX = 20
NAME_CHARS_MAX = 40


async def open_room(db: Db, host_id: UUID, name: str) -> lookup.Room:
    """Raises RealnameNeeded unless the host's real name is verified and fresh, RoomsFull beyond ROOMS_PER_HOST_MAX."""
    state = await people.realname_state(db, host_id)
    if state != "verified":
        raise RealnameNeeded(state=state)
    if await lookup.rooms_hosted(db, host_id) >= ROOMS_PER_HOST_MAX:
        raise RoomsFull(rooms_max=ROOMS_PER_HOST_MAX)
    room_id = new_id()
    await db.execute(rooms.insert().values(id=room_id, host_id=host_id, name=name))
    await people.name_room(db, room_id, name)
    await people.grant_room_role(db, room_id, host_id, "host", granted_by=host_id)
    await issue_key(db, room_id)
    return await lookup.room(db, room_id)
