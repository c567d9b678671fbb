"""The host console: rooms, broadcasts, ingest, the crew's door."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Request
from pydantic import Field

from kaibo.goods import facade as goods
from kaibo.kernel.db import Db
from kaibo.kernel.web import Caller, CallerDep, DbDep, Id, Idempotent, StateDep, Wire, auth
from kaibo.kernel.web.wire import Text
from kaibo.people import facade as people
from kaibo.stage.board.figures import board
from kaibo.stage.broadcasts import lookup as broadcasts
from kaibo.stage.broadcasts.draft import draft
from kaibo.stage.broadcasts.end import end
from kaibo.stage.broadcasts.go_live import go_live
from kaibo.stage.broadcasts.present import broadcast_wire
from kaibo.stage.broadcasts.rehearse import rehearse
from kaibo.stage.broadcasts.rules import OPERATOR_NAME_CHARS_MAX, TITLE_CHARS_MAX
from kaibo.stage.contracts import Mark
from kaibo.stage.http.viewer import page_host
from kaibo.stage.ingest.issue_key import issue_key
from kaibo.stage.ingest.kick import kick
from kaibo.stage.ingest.present import ingest_wire
from kaibo.stage.live.ask import snapshot
from kaibo.stage.live.door import TOKEN_SECONDS, open_door
from kaibo.stage.live.tell import tell
from kaibo.stage.rooms import lookup as rooms
from kaibo.stage.rooms.change_room import change_room
from kaibo.stage.rooms.enter_console import enter_console
from kaibo.stage.rooms.open_room import NAME_CHARS_MAX, open_room
from kaibo.stage.wire import (
    BroadcastWire,
    ConsoleBroadcastWire,
    ConsoleEnteredWire,
    ConsoleRoomsWire,
    ConsoleRoomWire,
    IngestWire,
    NamedWire,
    RoomWire,
)

router = APIRouter(tags=["stage"])

STEERS = ("host", "runner")
"""Who goes live and holds the stream key."""

Name = Annotated[Text, Field(min_length=1, max_length=NAME_CHARS_MAX)]


class RoomBody(Wire):
    name: Name


class RoomChangeBody(Wire):
    name: Name | None = None
    cover_picture_id: Id | None = None


class BroadcastBody(Wire):
    title: Annotated[Text, Field(min_length=1, max_length=TITLE_CHARS_MAX)]
    cover_picture_id: Id | None = None
    operator_name: Annotated[Text, Field(max_length=OPERATOR_NAME_CHARS_MAX)] = ""
    marks: Annotated[list[Mark], Field(max_length=3, default_factory=list)]


def room_wire(room: rooms.Room) -> RoomWire:
    return RoomWire(id=room.id, name=room.name, cover_url=room.cover_url, created_at=room.created_at)


async def _cover(db: Db, picture_id: UUID | None, caller: Caller) -> str | None:
    return None if picture_id is None else (await goods.require_picture(db, picture_id, caller.id)).url


@router.get("/api/console/rooms", dependencies=[auth.signed_in, auth.scope("room:read")])
async def my_rooms(db: DbDep, caller: CallerDep) -> ConsoleRoomsWire:
    """The rooms where the caller is crew, with what is on."""
    roles = await people.rooms_of(db, caller.id)
    found = await rooms.rooms_by_id(db, roles)
    on = await broadcasts.open_broadcasts(db, list(found))
    shops = [g.scope_id for g in caller.grants if g.scope_kind == "shop" and g.scope_id is not None]
    return ConsoleRoomsWire(
        items=[
            ConsoleRoomWire(
                room=NamedWire(id=room.id, name=room.name),
                role=roles[room.id],
                broadcast=ConsoleBroadcastWire(id=b.id, state=b.state, title=b.title)
                if (b := on.get(room.id))
                else None,
                shop_ids=shops,
            )
            for room in found.values()
        ]
    )


@router.post("/api/rooms", status_code=201, dependencies=[auth.signed_in])
async def create_room(body: RoomBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> RoomWire:
    """The caller becomes the host; needs a verified real name."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return RoomWire.model_validate(seen.response)
        return seen.keep(room_wire(await open_room(db, caller.id, body.name)))


@router.patch("/api/rooms/{room_id}", dependencies=[auth.room_crew(*STEERS), auth.scope("room:write")])
async def rename_room(room_id: Id, body: RoomChangeBody, db: DbDep, caller: CallerDep) -> RoomWire:
    cover_url = await _cover(db, body.cover_picture_id, caller)
    return room_wire(await change_room(db, room_id, name=body.name, cover_url=cover_url))


@router.post(
    "/api/rooms/{room_id}/broadcasts", status_code=201, dependencies=[auth.room_crew(*STEERS), auth.scope("room:write")]
)
async def prepare_broadcast(
    room_id: Id, body: BroadcastBody, db: DbDep, caller: CallerDep, idem: Idempotent
) -> BroadcastWire:
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return BroadcastWire.model_validate(seen.response)
        made = await draft(
            db,
            room_id,
            caller.id,
            title=body.title,
            cover_url=await _cover(db, body.cover_picture_id, caller),
            operator_name=body.operator_name,
            marks=body.marks,
        )
        return seen.keep(await broadcast_wire(db, made))


async def held(db: Db, broadcast_id: UUID, caller: Caller, *roles: str, lock: bool = True) -> broadcasts.Broadcast:
    """The broadcast, its row held, if the caller has one of these roles (any, where empty) in its room."""
    on = await broadcasts.broadcast(db, broadcast_id, lock=lock)
    caller.require_room(on.room_id, *roles)
    return on


@router.get("/api/broadcasts/{broadcast_id}", dependencies=[auth.checked_in_handler, auth.scope("room:read")])
async def one_broadcast(broadcast_id: Id, db: DbDep, caller: CallerDep) -> BroadcastWire:
    return await broadcast_wire(db, await held(db, broadcast_id, caller, lock=False))


@router.post(
    "/api/broadcasts/{broadcast_id}/rehearse", dependencies=[auth.checked_in_handler, auth.scope("room:write")]
)
async def rehearse_broadcast(broadcast_id: Id, db: DbDep, caller: CallerDep) -> BroadcastWire:
    return await broadcast_wire(db, await rehearse(db, await held(db, broadcast_id, caller, *STEERS)))


@router.post("/api/broadcasts/{broadcast_id}/go-live", dependencies=[auth.checked_in_handler, auth.scope("room:write")])
async def start_broadcast(broadcast_id: Id, db: DbDep, caller: CallerDep) -> BroadcastWire:
    """Refused with everything that is missing in `missing`."""
    return await broadcast_wire(db, await go_live(db, await held(db, broadcast_id, caller, *STEERS)))


@router.post("/api/broadcasts/{broadcast_id}/end", dependencies=[auth.checked_in_handler, auth.scope("room:write")])
async def end_broadcast(
    broadcast_id: Id, background: BackgroundTasks, db: DbDep, caller: CallerDep, state: StateDep
) -> BroadcastWire:
    """The stream is cut too: what the encoder still sends is no longer for the viewers."""
    on = await held(db, broadcast_id, caller, *STEERS)
    background.add_task(kick, state.settings, on.room_id, "the broadcast has ended")
    return await broadcast_wire(db, await end(db, on, why="host", by=caller.id))


@router.get("/api/rooms/{room_id}/ingest", dependencies=[auth.room_crew(*STEERS), auth.scope("room:write")])
async def ingest_of_room(room_id: Id, request: Request, db: DbDep, state: StateDep) -> IngestWire:
    return await ingest_wire(db, state.settings, room_id, page_host(request))


@router.post("/api/rooms/{room_id}/ingest/rotate", dependencies=[auth.room_crew(*STEERS)])
async def rotate_key(room_id: Id, request: Request, db: DbDep, state: StateDep) -> IngestWire:
    """A new key; the old one is refused from now on."""
    await rooms.room(db, room_id)
    await issue_key(db, room_id)
    return await ingest_wire(db, state.settings, room_id, page_host(request))


@router.post("/api/rooms/{room_id}/console/enter", dependencies=[auth.room_crew()])
async def open_console(
    room_id: Id, request: Request, background: BackgroundTasks, db: DbDep, caller: CallerDep, state: StateDep
) -> ConsoleEnteredWire:
    """The crew's door: the room's frames and the crew's own, and the board once a second while somebody looks."""
    await enter_console(db, room_id, TOKEN_SECONDS)
    on = await broadcasts.latest_broadcast(db, room_id)
    background.add_task(tell, state.bus, room_id, "crew", seconds=TOKEN_SECONDS)
    return ConsoleEnteredWire(
        events=open_door(state.settings, room_id, scheme=request.url.scheme, host=page_host(request), crew=True),
        snapshot=await snapshot(db, state.bus, room_id, caller.person_id),
        board=await board(db, on.id) if on else None,
    )
