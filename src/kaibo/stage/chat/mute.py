"""The crew mutes a person for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people import facade as people
from kaibo.stage.chat import lookup
from kaibo.stage.chat.tables import mutes
from kaibo.stage.contracts import CrewNotMuted, NobodyToMute


async def mute(db: Db, room_id: UUID, person_ref: str, minutes: int, by: UUID) -> datetime:
    """Until when the person stays silent; 0 minutes lifts a mute. Every mute leaves an entry. Raises NobodyToMute, CrewNotMuted."""
    person_id = await lookup.person_behind(db, room_id, person_ref)
    if person_id is None:
        raise NobodyToMute()
    if any(member.person_id == person_id for member in await people.crew_of(db, room_id)):
        raise CrewNotMuted()
    until = clock.now() + timedelta(minutes=minutes)
    await db.execute(mutes.insert().values(id=new_id(), room_id=room_id, person_id=person_id, until=until, by=by))
    return until
