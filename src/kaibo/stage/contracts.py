"""What the stage shows to others: ids, views, events, refusals. Money is integer fen, times are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, NewType
from uuid import UUID

from kaibo.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refused, TooMany, refusal
from kaibo.kernel.events import Event
from kaibo.kernel.i18n import Locale, say

RoomId = NewType("RoomId", UUID)
BroadcastId = NewType("BroadcastId", UUID)
BagItemId = NewType("BagItemId", UUID)
PitchId = NewType("PitchId", UUID)
ChatLineId = NewType("ChatLineId", UUID)
WatchId = NewType("WatchId", UUID)
RecordingId = NewType("RecordingId", UUID)

BroadcastState = Literal["draft", "rehearsal", "live", "ended"]
Mark = Literal["ai_generated", "animation", "demo"]
CrewRole = Literal["host", "cohost", "moderator", "runner"]
TrafficSource = Literal["home", "follow", "shelf", "search", "share", "direct"]


@dataclass(frozen=True)
class BroadcastView:
    """A broadcast as other wings may see it."""

    id: BroadcastId
    room_id: RoomId
    host_id: UUID
    title: str
    state: BroadcastState
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class BroadcastWentLive(Event):
    subject: ClassVar[str] = "stage.broadcast.live"
    broadcast_id: UUID
    room_id: UUID
    host_id: UUID
    at: datetime

    @property
    def aggregate_id(self) -> str:
        return str(self.room_id)


@dataclass(frozen=True, kw_only=True)
class BroadcastEnded(Event):
    """`why` is "host", "operator" (with `reason`) or "silent" (no stream for too long)."""

    subject: ClassVar[str] = "stage.broadcast.ended"
    broadcast_id: UUID
    room_id: UUID
    host_id: UUID
    why: str
    reason: str
    at: datetime

    @property
    def aggregate_id(self) -> str:
        return str(self.room_id)


@dataclass(frozen=True, kw_only=True)
class RecordingKept(Event):
    """A recording file was verified against its SHA-256 and stored; it is kept at least three years."""

    subject: ClassVar[str] = "stage.recording.kept"
    recording_id: UUID
    room_id: UUID
    broadcast_id: UUID | None
    url: str
    sha256: str
    started_at: datetime
    duration_ms: int

    @property
    def aggregate_id(self) -> str:
        return str(self.room_id)


class Needs(list[str]):
    """Keys of what is missing. `{missing:zh}` in a sentence names them in that language ("stage.needs.<key>")."""

    def __format__(self, locale: str) -> str:
        if locale not in ("zh", "en"):
            return ", ".join(self)
        tongue: Locale = "zh" if locale == "zh" else "en"
        return ("、" if tongue == "zh" else ", ").join(say(f"stage.needs.{key}", tongue, {}) for key in self)


@refusal
class RoomMissing(NotFound):
    code = "stage.room_missing"
    id: str


@refusal
class BroadcastMissing(NotFound):
    code = "stage.broadcast_missing"
    id: str


@refusal
class RealnameNeeded(Forbidden):
    """Only a person with a verified, fresh real name may open a room (Order 117: verified before the first broadcast)."""

    code = "stage.realname_needed"
    state: str


@refusal
class RoomsFull(Refused):
    code = "stage.rooms_full"
    rooms_max: int


@refusal
class BroadcastOpen(Conflict):
    """The room already has a broadcast that has not ended."""

    code = "stage.broadcast_open"
    broadcast_id: str
    state: str


@refusal
class StepNotAllowed(Conflict):
    """The life cycle has no such step."""

    code = "stage.step_not_allowed"
    state: str
    step: str


@refusal
class NotReadyToGoLive(Conflict):
    """Everything that is missing, at once: operator_name, seller_notice, safety_notice, realname, bag, products, stream."""

    code = "stage.not_ready_to_go_live"
    missing: Needs


@refusal
class NotLive(Conflict):
    """What was asked for is possible only while the broadcast is on."""

    code = "stage.not_live"


@refusal
class BroadcastOver(Conflict):
    code = "stage.broadcast_over"


@refusal
class ChatEmpty(Invalid):
    code = "stage.chat_empty"


@refusal
class ChatTooLong(Invalid):
    code = "stage.chat_too_long"
    chars: int
    chars_max: int


@refusal
class ChatTooFast(TooMany):
    code = "stage.chat_too_fast"
    retry_after_seconds: int


@refusal
class ChatRepeated(Conflict):
    code = "stage.chat_repeated"
    repeat_seconds: int


@refusal
class SlowMode(TooMany):
    code = "stage.slow_mode"
    seconds: int
    retry_after_seconds: int


@refusal
class Muted(Forbidden):
    code = "stage.muted"
    until: str


@refusal
class NobodyToMute(NotFound):
    """No line of this room carries that person_ref."""

    code = "stage.nobody_to_mute"


@refusal
class CrewNotMuted(Conflict):
    code = "stage.crew_not_muted"


@refusal
class LineMissing(NotFound):
    code = "stage.line_missing"
    id: str


@refusal
class WatchMissing(NotFound):
    """The watch id is not of this room: the page must enter the room first."""

    code = "stage.watch_missing"
    id: str


@refusal
class EnterFirst(Conflict):
    code = "stage.enter_first"


@refusal
class BagFull(Refused):
    code = "stage.bag_full"
    items_max: int


@refusal
class BagItemMissing(NotFound):
    code = "stage.bag_item_missing"
    id: str


@refusal
class BagOrderStale(Conflict):
    """The list sent is not exactly what is in the bag now: somebody else changed it in between."""

    code = "stage.bag_order_stale"
    missing: list[str]
    unknown: list[str]


@refusal
class BagItemInPitch(Conflict):
    code = "stage.bag_item_in_pitch"
    number: int


@refusal
class AlreadyInBag(Conflict):
    code = "stage.already_in_bag"
    product_ids: list[str]


@refusal
class ReplayMissing(NotFound):
    """The pitch is still on, or its recording file is not closed yet, or nothing was recorded."""

    code = "stage.replay_missing"


@refusal
class HookForged(Forbidden):
    code = "stage.hook_forged"


@refusal
class HookMalformed(Invalid):
    code = "stage.hook_malformed"
    problem: str
