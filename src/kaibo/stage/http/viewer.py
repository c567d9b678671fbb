"""Viewers: what is on, a room's page, entering, staying, the snapshot."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Cookie, Request, Response

from kaibo.kernel import clock
from kaibo.kernel.ids import new_id
from kaibo.kernel.web import CallerDep, DbDep, Id, Page, PageQuery, StateDep, Wire, auth, limited
from kaibo.stage.broadcasts.cards import cards
from kaibo.stage.broadcasts.lookup import Broadcast, live_broadcasts, open_broadcast
from kaibo.stage.contracts import TrafficSource
from kaibo.stage.live.ask import snapshot
from kaibo.stage.live.door import open_door
from kaibo.stage.live.tell import tell
from kaibo.stage.rooms.lookup import is_demo
from kaibo.stage.rooms.lookup import room as room_of
from kaibo.stage.rooms.page import room_page
from kaibo.stage.secret import person_ref
from kaibo.stage.viewers.enter import enter
from kaibo.stage.wire import ChatEventWire, EnteredWire, LiveCardWire, RoomPageWire, SnapshotWire

router = APIRouter(tags=["stage"])

VIEWER_COOKIE = "kaibo_viewer"
VIEWER_COOKIE_SECONDS = 400 * 24 * 3600
ViewerCookie = Annotated[str | None, Cookie(alias=VIEWER_COOKIE, include_in_schema=False)]


class EnterBody(Wire):
    source: TrafficSource = "direct"


class WatchBody(Wire):
    watch_id: Id


def browser_id(cookie: str | None) -> UUID | None:
    """The random id a browser got when it first entered a room."""
    try:
        return UUID(cookie) if cookie else None
    except ValueError:
        return None


def page_host(request: Request) -> str:
    return request.url.hostname or "127.0.0.1"


@router.get("/api/live", dependencies=[auth.public])
async def live(db: DbDep, page: PageQuery) -> Page[LiveCardWire]:
    """Broadcasts that are on, the newest first."""
    found = await live_broadcasts(db, page.limit + 1, page.moment())
    return Page(items=await cards(db, found[: page.limit]), next_cursor=page.next(found, _start_and_id))


def _start_and_id(broadcast: Broadcast) -> tuple[str, str]:
    assert broadcast.started_at is not None, "a broadcast that is on has started"
    return broadcast.started_at.isoformat(), str(broadcast.id)


@router.get("/api/rooms/{room_id}", dependencies=[auth.public])
async def page_of_room(room_id: Id, request: Request, db: DbDep, caller: CallerDep, state: StateDep) -> RoomPageWire:
    return await room_page(
        db, state.bus, state.settings, room_id, caller, scheme=request.url.scheme, host=page_host(request)
    )


@router.post("/api/rooms/{room_id}/enter", dependencies=[auth.public, limited("1200/minute")])
async def enter_room(
    room_id: Id,
    body: EnterBody,
    request: Request,
    response: Response,
    background: BackgroundTasks,
    db: DbDep,
    caller: CallerDep,
    state: StateDep,
    cookie: ViewerCookie = None,
) -> EnteredWire:
    """Begin a watch; the answer opens the door to the room's frames."""
    browser = browser_id(cookie)
    if browser is None:
        browser = new_id()
        response.set_cookie(
            VIEWER_COOKIE,
            str(browser),
            max_age=VIEWER_COOKIE_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    watch = await enter(db, room_id, person_id=caller.person_id, browser_id=browser, source=body.source)
    line = None
    if caller.person_id is not None and caller.role_in_room(room_id) is None:
        on = await open_broadcast(db, room_id)
        if on is not None and on.state == "live":
            line = ChatEventWire(
                id=new_id(),
                kind="enter",
                name=caller.nickname,
                text="",
                person_ref=person_ref(room_id, caller.person_id),
                demo=await is_demo(db, caller.person_id),
                at=clock.now(),
            )
    background.add_task(tell, state.bus, room_id, "entered", watch_id=watch.id, viewer_id=watch.viewer_id, line=line)
    return EnteredWire(
        watch_id=watch.id,
        events=open_door(state.settings, room_id, scheme=request.url.scheme, host=page_host(request), crew=False),
        snapshot=await snapshot(db, state.bus, room_id, caller.person_id),
    )


@router.post("/api/rooms/{room_id}/presence", status_code=204, dependencies=[auth.public])
async def presence(room_id: Id, body: WatchBody, background: BackgroundTasks, state: StateDep) -> None:
    """Still here; every ten seconds. An unknown watch changes nothing."""
    await state.limiter.spend("30/minute", "presence", str(body.watch_id))
    background.add_task(tell, state.bus, room_id, "seen", watch_id=body.watch_id)


@router.get("/api/rooms/{room_id}/snapshot", dependencies=[auth.public])
async def snapshot_of_room(room_id: Id, db: DbDep, caller: CallerDep, state: StateDep) -> SnapshotWire:
    await room_of(db, room_id)
    return await snapshot(db, state.bus, room_id, caller.person_id)
