"""The page a viewer opens: room, host, sellers, notices, pictures, and the room as it is now."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel.bus import Bus
from kaibo.kernel.config import Settings
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import say
from kaibo.kernel.web import Caller
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId
from kaibo.stage.broadcasts.lookup import Broadcast, latest_broadcast
from kaibo.stage.broadcasts.sellers import sellers_of_bag
from kaibo.stage.live.ask import snapshot
from kaibo.stage.rooms import lookup
from kaibo.stage.rooms.playback import playback
from kaibo.stage.wire import (
    NamedWire,
    PageBroadcastWire,
    PlaybackWire,
    RoomHostWire,
    RoomPageWire,
    RoomSellerWire,
    SellerWire,
)


async def room_page(
    db: Db, bus: Bus, settings: Settings, room_id: UUID, caller: Caller, *, scheme: str, host: str
) -> RoomPageWire:
    """`scheme` and `host` of the page are used for the pictures' address. A draft is seen by the crew only. Raises RoomMissing."""
    room = await lookup.room(db, room_id)
    role = caller.role_in_room(room_id)
    on = await latest_broadcast(db, room_id)
    if on is not None and role is None and on.state in ("draft", "rehearsal"):
        on = None
    person = (await people.person_view(db, [room.host_id])).get(PersonId(room.host_id))
    return RoomPageWire(
        room=NamedWire(id=room.id, name=room.name),
        host=RoomHostWire(
            person_id=room.host_id,
            name=person.nickname if person else "",
            avatar_url=person.avatar_url if person else None,
            followers=await lookup.followers(db, room_id),
        ),
        following=caller.person_id is not None and await lookup.is_following(db, room_id, caller.person_id),
        broadcast=_broadcast(on),
        seller=RoomSellerWire(operator_name=on.operator_name if on else "", sellers=await _sellers(db, on)),
        safety_notice=say("stage.safety_notice", caller.locale, {}),
        marks=on.marks if on else [],
        playback=_playback(settings, on, role, scheme, host),
        snapshot=await snapshot(db, bus, room_id, caller.person_id),
        crew_role=role,
    )


def _broadcast(on: Broadcast | None) -> PageBroadcastWire | None:
    if on is None:
        return None
    return PageBroadcastWire(id=on.id, title=on.title, state=on.state, started_at=on.started_at, cover_url=on.cover_url)


async def _sellers(db: Db, on: Broadcast | None) -> list[SellerWire]:
    if on is None:
        return []
    return [SellerWire(**s) for s in on.sellers] if on.state == "ended" else await sellers_of_bag(db, on.id)


def _playback(
    settings: Settings, on: Broadcast | None, role: str | None, scheme: str, host: str
) -> PlaybackWire | None:
    if on is None or on.state == "ended":
        return None
    return playback(settings, on.room_id, scheme=scheme, host=host, rehearsal=on.state != "live")
