"""The board, and the operator's wall with its red button."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Request
from pydantic import Field

from kaibo.kernel.web import CallerDep, DbDep, Id, StateDep, Wire, auth
from kaibo.kernel.web.wire import Text
from kaibo.stage.board.figures import board
from kaibo.stage.broadcasts.cards import cards
from kaibo.stage.broadcasts.cut import cut_broadcast
from kaibo.stage.broadcasts.lookup import wall_broadcasts
from kaibo.stage.http.console import held
from kaibo.stage.http.viewer import page_host
from kaibo.stage.ingest.kick import kick
from kaibo.stage.ingest.lookup import streams_of
from kaibo.stage.live.tell import tell_crew
from kaibo.stage.rooms.playback import playback
from kaibo.stage.wire import BoardWire, WallCardWire, WallWire

router = APIRouter(tags=["stage"])

WALL_ROOMS_MAX = 200
REASON_CHARS_MAX = 200


class CutBody(Wire):
    reason: Annotated[Text, Field(min_length=1, max_length=REASON_CHARS_MAX)]


@router.get("/api/broadcasts/{broadcast_id}/board", dependencies=[auth.checked_in_handler, auth.scope("room:read")])
async def live_board(broadcast_id: Id, db: DbDep, caller: CallerDep) -> BoardWire:
    on = await held(db, broadcast_id, caller, lock=False)
    return await board(db, on.id)


@router.get("/api/operator/rooms", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def wall(request: Request, db: DbDep, state: StateDep) -> WallWire:
    """Every broadcast that is on or rehearsing, with its stream's health."""
    shown = await wall_broadcasts(db, WALL_ROOMS_MAX)
    streams = await streams_of(db, [on.room_id for on in shown])
    here = {"scheme": request.url.scheme, "host": page_host(request)}
    return WallWire(
        items=[
            WallCardWire(
                **card.model_dump(),
                health=stream.health_wire() if (stream := streams.get(on.room_id)) else None,
                playback=playback(state.settings, on.room_id, **here, rehearsal=on.state != "live"),
                started_at=on.started_at,
            )
            for on, card in zip(shown, await cards(db, shown), strict=True)
        ]
    )


@router.post(
    "/api/operator/rooms/{room_id}/cut",
    status_code=204,
    dependencies=[auth.platform("operator"), auth.scope("platform:write")],
)
async def cut_room(
    room_id: Id, body: CutBody, background: BackgroundTasks, db: DbDep, caller: CallerDep, state: StateDep
) -> None:
    """End the broadcast with a notice and cut its stream at once."""
    await cut_broadcast(db, room_id, caller.id, body.reason)
    background.add_task(kick, state.settings, room_id, body.reason)
    background.add_task(tell_crew, state.bus, room_id, {"t": "notice", "kind": "broadcast_cut", "detail": body.reason})
