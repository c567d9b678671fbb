"""What each message does to a room. Messages from the web processes are facts of the moment; announcements of a transaction
name what changed, and the owner reads it again, so that it never says what PostgreSQL does not hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.telemetry import get_logger
from kaibo.stage.bag import lookup as bag
from kaibo.stage.live.load import load_bag, load_broadcast, pinned
from kaibo.stage.rooms import lookup as rooms
from kaibo.stage.wire import ChatEventWire

if TYPE_CHECKING:
    from kaibo.stage.live.owner import RoomOwner

log = get_logger(__name__)

TRIES_MAX = 10
RETRY_SECONDS = 0.5

Message = dict[str, Any]
Handler = Callable[["RoomOwner", Message], Awaitable[None]]


async def hear(owner: RoomOwner, message: Message) -> None:
    """Apply one message. Unknown kinds (of a newer version) are passed over."""
    kind = str(message.get("kind"))
    handler = _MOMENTS.get(kind) or _ANNOUNCED.get(kind)
    if handler is None:
        log.warning("room.message_unknown", room_id=str(owner.room_id), kind=kind)
        return
    await handler(owner, message)
    owner.moved()


def reads_database(message: Message) -> bool:
    return message.get("kind") in _ANNOUNCED


# --- facts of the moment, from the web processes


async def _line(owner: RoomOwner, message: Message) -> None:
    owner.state.add_line(ChatEventWire.model_validate(message["line"]))


async def _seen(owner: RoomOwner, message: Message) -> None:
    owner.state.see(UUID(message["watch_id"]), None, clock.now())


async def _entered(owner: RoomOwner, message: Message) -> None:
    owner.state.see(UUID(message["watch_id"]), UUID(message["viewer_id"]), clock.now())
    if message.get("line"):
        owner.state.add_line(ChatEventWire.model_validate(message["line"]))


async def _liked(owner: RoomOwner, message: Message) -> None:
    if owner.state.live_id is not None:
        owner.state.likes += int(message["count"])


async def _pitch_wanted(owner: RoomOwner, message: Message) -> None:
    item_id = UUID(message["item_id"])
    if item := owner.state.bag.get(item_id):
        owner.state.bag[item_id] = item.model_copy(update={"pitch_requests": item.pitch_requests + 1})
        owner.asked_items.add(item_id)


async def _crew_entered(owner: RoomOwner, message: Message) -> None:
    owner.crew_watches(float(message["seconds"]))


async def _looked(_owner: RoomOwner, _message: Message) -> None:
    """Only the board changed."""


# --- announcements: read again, then told


async def _bag_changed(owner: RoomOwner, _message: Message) -> None:
    async with owner.database.transaction() as db:
        await load_bag(db, owner.state)
    await owner.ctl("bag.changed", bag=list(owner.state.bag.values()))


async def _pitch_started(owner: RoomOwner, message: Message) -> None:
    async with owner.database.transaction() as db:
        await load_bag(db, owner.state)
    item = owner.state.bag.get(UUID(message["item_id"]))
    if item is not None and owner.state.pitch is not None and owner.state.pitch.item_id == item.id:
        await owner.ctl("pitch.started", pitch=owner.state.pitch, item=item)


async def _pitch_ended(owner: RoomOwner, message: Message) -> None:
    async with owner.database.transaction() as db:
        await load_bag(db, owner.state)
    await owner.ctl("pitch.ended", item_id=message["item_id"])


async def _item_changed(owner: RoomOwner, message: Message) -> None:
    item_id = UUID(message["item_id"])
    await _read_items(owner, [item_id])
    if item_id in owner.state.bag:
        await owner.ctl("item.changed", item=owner.state.bag[item_id])


async def _stock_moved(owner: RoomOwner, message: Message) -> None:
    owner.moved_items.add(UUID(message["item_id"]))


async def refresh_stock(owner: RoomOwner) -> None:
    """Read the items whose stock moved; the tick carries the sums, a control frame what sold out or came back."""
    moved, owner.moved_items = owner.moved_items, set()
    before = {i: owner.state.bag[i].stock_left for i in moved if i in owner.state.bag}
    try:
        await _read_items(owner, list(before))
    except Exception:
        owner.moved_items |= moved
        raise
    for item_id, stock_left in before.items():
        item = owner.state.bag[item_id]
        owner.state.move_item(item_id)
        if (item.stock_left == 0) != (stock_left == 0):
            await owner.ctl("item.changed", item=item)
        else:
            owner.asked_items.add(item_id)
    owner.moved()


async def _read_items(owner: RoomOwner, item_ids: list[UUID]) -> None:
    on = owner.state.broadcast
    if on is None or not item_ids:
        return
    async with owner.database.transaction() as db:
        for item in await bag.shown(db, on.id, only=item_ids):
            owner.state.bag[item.id] = item


async def _broadcast_made(owner: RoomOwner, _message: Message) -> None:
    async with owner.database.transaction() as db:
        await load_broadcast(db, owner.room_id, owner.state)
    await owner.ctl("bag.changed", bag=list(owner.state.bag.values()))


async def _playback_changed(owner: RoomOwner, _message: Message) -> None:
    async with owner.database.transaction() as db:
        await load_broadcast(db, owner.room_id, owner.state)
    await owner.ctl("playback.changed")


async def _went_live(owner: RoomOwner, _message: Message) -> None:
    async with owner.database.transaction() as db:
        await load_broadcast(db, owner.room_id, owner.state)
    # Everybody who waited gets a view of the broadcast now.
    owner.state.see_everybody_again(clock.now())
    await owner.flush_now()
    await owner.ctl("broadcast.live")


async def _ended(owner: RoomOwner, message: Message) -> None:
    await owner.flush_now()
    await owner.ctl("broadcast.ended", why=message.get("why", "host"))
    async with owner.database.transaction() as db:
        await load_broadcast(db, owner.room_id, owner.state)


async def _line_removed(owner: RoomOwner, message: Message) -> None:
    owner.state.remove_line(UUID(message["id"]))
    await owner.ctl("chat.removed", id=message["id"])


async def _pinned(owner: RoomOwner, _message: Message) -> None:
    async with owner.database.transaction() as db:
        owner.state.pinned = await pinned(db, await rooms.room(db, owner.room_id))
    await owner.ctl("chat.pinned", line=owner.state.pinned)


async def _slow_mode(owner: RoomOwner, message: Message) -> None:
    owner.state.slow_mode_seconds = int(message["seconds"])
    await owner.ctl("slow_mode", seconds=owner.state.slow_mode_seconds)


async def _sold(owner: RoomOwner, message: Message) -> None:
    sale = message["sale"]
    bought = ChatEventWire(
        id=UUID(message["id"]),
        kind="bought",
        name=sale["nickname"],
        text=sale["title"],
        demo=bool(message["demo"]),
        at=datetime.fromisoformat(message["at"]),
    )
    if owner.state.add_line(bought):
        await owner.crew({"t": "sale", **sale})


_MOMENTS: dict[str, Handler] = {
    "line": _line,
    "seen": _seen,
    "entered": _entered,
    "liked": _liked,
    "pitch.wanted": _pitch_wanted,
    "crew": _crew_entered,
    "looked": _looked,
}
_ANNOUNCED: dict[str, Handler] = {
    "bag": _bag_changed,
    "pitch.started": _pitch_started,
    "pitch.ended": _pitch_ended,
    "item": _item_changed,
    "stock": _stock_moved,
    "broadcast": _broadcast_made,
    "playback": _playback_changed,
    "broadcast.live": _went_live,
    "broadcast.ended": _ended,
    "chat.removed": _line_removed,
    "chat.pinned": _pinned,
    "slow_mode": _slow_mode,
    "sale": _sold,
    "board": _looked,
}
