"""Viewers take part: chat, likes, follows, pitch requests, what they looked at, replays."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks
from pydantic import Field

from kaibo.goods import facade as goods
from kaibo.goods.contracts import ProductId
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.web import Caller, CallerDep, DbDep, Id, Idempotent, StateDep, Wire, auth
from kaibo.stage.bag.lookup import BagItem
from kaibo.stage.bag.rules import BAG_ITEMS_MAX
from kaibo.stage.broadcasts.lookup import open_broadcast
from kaibo.stage.chat.rules import mask_name
from kaibo.stage.chat.say import say
from kaibo.stage.contracts import EnterFirst, NotLive
from kaibo.stage.http.viewer import ViewerCookie, browser_id
from kaibo.stage.live.tell import tell
from kaibo.stage.pitches import lookup as pitches
from kaibo.stage.pitches.ask_for_pitch import ask_for_pitch
from kaibo.stage.rooms.follow import follow, unfollow
from kaibo.stage.rooms.lookup import is_demo
from kaibo.stage.secret import person_ref
from kaibo.stage.viewers.like import LIKES_PER_CALL_MAX, like
from kaibo.stage.viewers.notice_items import notice_items
from kaibo.stage.wire import ChatEventWire, LineAcceptedWire, ReplayWire

router = APIRouter(tags=["stage"])

CHAT_BODY_CHARS_MAX = 20_000
"""What is read at all; what is too long for a line is refused with the line's own limit."""

Items = Annotated[list[Id], Field(max_length=BAG_ITEMS_MAX, default_factory=list)]


class SayBody(Wire):
    text: Annotated[str, Field(max_length=CHAT_BODY_CHARS_MAX)]


class LikesBody(Wire):
    watch_id: Id
    count: Annotated[int, Field(ge=1, le=LIKES_PER_CALL_MAX)]


class SeenBody(Wire):
    watch_id: Id
    shown: Items
    clicked: Items
    buying: Id | None = None


@router.post("/api/rooms/{room_id}/chat", status_code=202, dependencies=[auth.signed_in])
async def say_line(
    room_id: Id,
    body: SayBody,
    background: BackgroundTasks,
    db: DbDep,
    caller: CallerDep,
    idem: Idempotent,
    state: StateDep,
) -> LineAcceptedWire:
    """Say a line of at most 100 characters. Accepted means kept; viewers see it with the next tick."""
    await state.limiter.spend("20/second", "chat", str(caller.id))
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return LineAcceptedWire.model_validate(seen.response)
        line = await say(db, room_id, caller, body.text)
        background.add_task(tell, state.bus, room_id, "line", line=line)
        return seen.keep(LineAcceptedWire(id=line.id))


@router.post("/api/rooms/{room_id}/likes", status_code=204, dependencies=[auth.public])
async def likes(room_id: Id, body: LikesBody, background: BackgroundTasks, db: DbDep, state: StateDep) -> None:
    await state.limiter.spend("5/second", "likes", str(body.watch_id))
    await like(db, room_id, body.watch_id, body.count)
    background.add_task(tell, state.bus, room_id, "liked", count=body.count)


@router.post("/api/rooms/{room_id}/follow", status_code=204, dependencies=[auth.signed_in])
async def follow_host(room_id: Id, background: BackgroundTasks, db: DbDep, caller: CallerDep, state: StateDep) -> None:
    await follow(db, room_id, caller.id)
    background.add_task(tell, state.bus, room_id, "looked")


@router.delete("/api/rooms/{room_id}/follow", status_code=204, dependencies=[auth.signed_in])
async def unfollow_host(room_id: Id, db: DbDep, caller: CallerDep) -> None:
    await unfollow(db, room_id, caller.id)


@router.post("/api/rooms/{room_id}/bag/{item_id}/pitch-requests", status_code=204, dependencies=[auth.public])
async def request_pitch(
    room_id: Id,
    item_id: Id,
    background: BackgroundTasks,
    db: DbDep,
    caller: CallerDep,
    state: StateDep,
    cookie: ViewerCookie = None,
) -> None:
    """Ask for a pitch; asking again before it came changes nothing."""
    viewer_id = caller.person_id or browser_id(cookie)
    if viewer_id is None:
        raise EnterFirst()
    await state.limiter.spend("30/minute", "pitch-requests", str(viewer_id))
    on = await open_broadcast(db, room_id)
    if on is None or on.state != "live":
        raise NotLive()
    if await ask_for_pitch(db, on, item_id, viewer_id):
        background.add_task(tell, state.bus, room_id, "pitch.wanted", item_id=item_id)


@router.post("/api/rooms/{room_id}/seen", status_code=204, dependencies=[auth.public])
async def seen_items(
    room_id: Id, body: SeenBody, background: BackgroundTasks, db: DbDep, caller: CallerDep, state: StateDep
) -> None:
    """Which bag items the page showed, which were tapped, and which one is being bought."""
    await state.limiter.spend("5/second", "seen", str(body.watch_id))
    item = await notice_items(db, room_id, body.watch_id, shown=body.shown, clicked=body.clicked, buying=body.buying)
    background.add_task(tell, state.bus, room_id, "looked")
    if item is not None and caller.person_id is not None:
        background.add_task(tell, state.bus, room_id, "line", line=await _buying(db, room_id, caller, item))


async def _buying(db: Db, room_id: UUID, caller: Caller, item: BagItem) -> ChatEventWire:
    """`王** 正在去买 <title>`: the room sees that something moves, not who it is."""
    card = (await goods.product_cards(db, [item.product_id])).get(ProductId(item.product_id))
    return ChatEventWire(
        id=new_id(),
        kind="buying",
        name=mask_name(caller.nickname),
        text=card.title if card else "",
        person_ref=person_ref(room_id, caller.id),
        demo=await is_demo(db, caller.id),
        at=clock.now(),
    )


@router.get("/api/rooms/{room_id}/pitches/{pitch_id}/replay", dependencies=[auth.public])
async def replay_of_pitch(room_id: Id, pitch_id: Id, db: DbDep) -> ReplayWire:
    return await pitches.replay(db, room_id, pitch_id)
