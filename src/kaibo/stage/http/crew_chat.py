"""The crew keeps order in the chat."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from kaibo.kernel.web import CallerDep, DbDep, Id, Wire, auth
from kaibo.kernel.web.wire import Text
from kaibo.stage.chat.mute import mute
from kaibo.stage.chat.pin_line import pin_line
from kaibo.stage.chat.remove_line import remove_line
from kaibo.stage.chat.rules import MUTE_MINUTES_MAX, SLOW_MODE_SECONDS_MAX
from kaibo.stage.chat.slow_down import slow_down
from kaibo.stage.wire import MutedWire

router = APIRouter(tags=["stage"])

MODERATES = ("host", "cohost", "moderator", "runner")


class MuteBody(Wire):
    """0 minutes lifts a mute."""

    person_ref: Annotated[Text, Field(min_length=1, max_length=64)]
    minutes: Annotated[int, Field(ge=0, le=MUTE_MINUTES_MAX)]


class SlowModeBody(Wire):
    seconds: Annotated[int, Field(ge=0, le=SLOW_MODE_SECONDS_MAX)]


class PinBody(Wire):
    line_id: Id | None


@router.post("/api/rooms/{room_id}/mutes", dependencies=[auth.room_crew(*MODERATES), auth.scope("room:write")])
async def mute_person(room_id: Id, body: MuteBody, db: DbDep, caller: CallerDep) -> MutedWire:
    return MutedWire(until=await mute(db, room_id, body.person_ref, body.minutes, caller.id))


@router.delete(
    "/api/rooms/{room_id}/chat/{line_id}",
    status_code=204,
    dependencies=[auth.room_crew(*MODERATES), auth.scope("room:write")],
)
async def remove_chat_line(room_id: Id, line_id: Id, db: DbDep, caller: CallerDep) -> None:
    await remove_line(db, room_id, line_id, caller.id)


@router.put(
    "/api/rooms/{room_id}/slow-mode",
    status_code=204,
    dependencies=[auth.room_crew(*MODERATES), auth.scope("room:write")],
)
async def set_slow_mode(room_id: Id, body: SlowModeBody, db: DbDep) -> None:
    await slow_down(db, room_id, body.seconds)


@router.put(
    "/api/rooms/{room_id}/pinned", status_code=204, dependencies=[auth.room_crew(*MODERATES), auth.scope("room:write")]
)
async def set_pinned(room_id: Id, body: PinBody, db: DbDep) -> None:
    await pin_line(db, room_id, body.line_id)
