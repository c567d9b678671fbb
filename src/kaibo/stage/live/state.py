"""A room's state in its owner's memory. Everything here can be read again from PostgreSQL."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID

from kaibo.kernel import clock
from kaibo.stage.broadcasts.lookup import Broadcast
from kaibo.stage.chat.lookup import LINES_KEPT_LIVE
from kaibo.stage.live import rules
from kaibo.stage.live.presence import Presence
from kaibo.stage.viewers.lookup import Watch
from kaibo.stage.wire import BagItemWire, ChatEventWire, PitchWire, SnapshotWire

SNAPSHOT_LINES = 20
PENDING_LINES_MAX = 2_000
"""Beyond it the oldest unsent lines are dropped from the ticks (they are kept in PostgreSQL)."""


@dataclass
class RoomState:
    """`seq` is the number of the last frame that was sent."""

    seq: int
    broadcast: Broadcast | None = None
    bag: dict[UUID, BagItemWire] = field(default_factory=dict)
    pitch: PitchWire | None = None
    pinned: ChatEventWire | None = None
    slow_mode_seconds: int = 0
    likes: int = 0
    viewers: set[UUID] = field(default_factory=set)
    lines: deque[ChatEventWire] = field(default_factory=lambda: deque(maxlen=LINES_KEPT_LIVE))
    presence: Presence = field(default_factory=Presence)
    random: Random = field(default_factory=Random)
    # since the last tick
    _pending: deque[ChatEventWire] = field(default_factory=lambda: deque(maxlen=PENDING_LINES_MAX))
    _moved_items: set[UUID] = field(default_factory=set)
    _sent: tuple[int, int, int] = (-1, -1, -1)
    _sent_likes: int | None = None
    # since the last flush
    sightings: dict[UUID, datetime] = field(default_factory=dict)
    unknown: set[UUID] = field(default_factory=set)

    @property
    def live_id(self) -> UUID | None:
        """The broadcast that views and figures belong to."""
        return self.broadcast.id if self.broadcast is not None and self.broadcast.state == "live" else None

    def add_line(self, event: ChatEventWire) -> bool:
        """False for a line that is here already (it was read from PostgreSQL at the take-over)."""
        if event.kind != "enter":
            if any(kept.id == event.id for kept in self.lines):
                return False
            self.lines.append(event)
        self._pending.append(event)
        return True

    def remove_line(self, line_id: UUID) -> None:
        for lines in (self.lines, self._pending):
            kept = [line for line in lines if line.id != line_id]
            lines.clear()
            lines.extend(kept)

    def see(self, watch_id: UUID, viewer_id: UUID | None, at: datetime) -> None:
        """A sighting; without `viewer_id` an unknown watch is looked up at the next flush."""
        now = clock.monotonic()
        self.sightings[watch_id] = at
        if viewer_id is not None:
            self.presence.see(watch_id, viewer_id, now)
            if self.live_id is not None:
                self.viewers.add(viewer_id)
        elif not self.presence.see_again(watch_id, now):
            self.unknown.add(watch_id)
        elif self.live_id is not None and (known := self.presence.viewer_of(watch_id)):
            self.viewers.add(known)

    def resolve(self, known: list[Watch]) -> None:
        """Watches that were unknown and exist."""
        for watch in known:
            if watch.id in self.unknown:
                self.unknown.discard(watch.id)
                self.presence.see(watch.id, watch.viewer_id, clock.monotonic())
                if self.live_id is not None:
                    self.viewers.add(watch.viewer_id)

    def see_everybody_again(self, at: datetime) -> None:
        """A broadcast begins: whoever is online is one of its viewers."""
        for watch in self.presence.watches():
            self.sightings.setdefault(watch.id, at)
            self.viewers.add(watch.viewer_id)

    def move_item(self, item_id: UUID) -> None:
        """Stock or price of the item changed."""
        self._moved_items.add(item_id)

    def online(self) -> int:
        return self.presence.online(clock.monotonic())

    def changed(self) -> bool:
        """Whether a tick would say anything new."""
        return bool(self._pending or self._moved_items) or self._sent != (self.online(), len(self.viewers), self.likes)

    def tick(self) -> dict[str, object]:
        """The next tick frame; what it says is then said."""
        self.seq += 1
        online, uv = self.online(), len(self.viewers)
        delta = 0 if self._sent_likes is None else max(0, self.likes - self._sent_likes)
        frame: dict[str, object] = {
            "t": "tick",
            "seq": self.seq,
            "at": clock.now(),
            "chat": [e.model_dump() for e in rules.sample(self._pending, self.random)],
            "likes": self.likes,
            "likes_delta": delta,
            "online": online,
            "viewers_uv": uv,
        }
        items = {
            str(i): {"stock_left": self.bag[i].stock_left, "price_fen": self.bag[i].price_fen}
            for i in self._moved_items
            if i in self.bag
        }
        if items:
            frame["items"] = items
        self._pending.clear()
        self._moved_items.clear()
        self._sent, self._sent_likes = (online, uv, self.likes), self.likes
        return frame

    def ctl(self, kind: str, **facts: object) -> dict[str, object]:
        """A control frame."""
        self.seq += 1
        return {"t": "ctl", "seq": self.seq, "at": clock.now(), "kind": kind, **facts}

    def snapshot(self) -> SnapshotWire:
        pinned = self.pinned.id if self.pinned else None
        newest = list(self.lines)[-SNAPSHOT_LINES:]
        return SnapshotWire(
            seq=self.seq,
            at=clock.now(),
            online=self.online(),
            viewers_uv=len(self.viewers),
            likes=self.likes,
            chat=[e.model_copy(update={"pinned": True}) if e.id == pinned else e for e in newest],
            bag=list(self.bag.values()),
            pitch=self.pitch,
            slow_mode_seconds=self.slow_mode_seconds,
            pinned=self.pinned,
        )
