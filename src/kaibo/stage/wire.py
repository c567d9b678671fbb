"""What travels: answers of the stage's routes, and the frames viewers receive over NATS (same shapes)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.stage.contracts import BroadcastState, CrewRole, Mark


class NamedWire(Wire):
    id: Id
    name: str


class HostWire(Wire):
    name: str
    avatar_url: str | None


class RoomHostWire(HostWire):
    person_id: Id
    followers: int


class SellerWire(Wire):
    """Who sells (E-commerce Law art. 15; Implementing Regulation of the Consumer Protection Law)."""

    shop_id: Id
    shop_name: str
    legal_name: str
    licence_number: str
    address: str


class RoomSellerWire(Wire):
    operator_name: str
    sellers: list[SellerWire]


class SkuWire(Wire):
    id: Id
    name: str
    price_fen: Fen
    stock_left: int
    limit_per_buyer: int | None
    struck_fen: Fen | None
    price_until: Instant | None
    price_pieces_left: int | None


class ReplayMarkWire(Wire):
    pitch_id: Id
    started_at: Instant
    ended_at: Instant


class BagItemWire(Wire):
    id: Id
    number: int
    product_id: Id
    title: str
    picture_url: str | None
    price_fen: Fen
    price_fen_max: Fen
    struck_fen: Fen | None
    price_until: Instant | None
    skus: list[SkuWire]
    service_tags: list[str]
    stock_left: int
    pitching: bool
    pitch_requests: int
    replay: ReplayMarkWire | None


class ChatEventWire(Wire):
    id: Id
    kind: Literal["line", "enter", "buying", "bought", "system"]
    name: str
    text: str
    role: CrewRole | None = None
    person_ref: str | None = None
    pinned: bool = False
    demo: bool = False
    at: Instant


class PitchWire(Wire):
    id: Id
    item_id: Id
    started_at: Instant


class SnapshotWire(Wire):
    """The room now. `seq` is the last frame it contains; a jump in the frames' numbers means: take a snapshot."""

    seq: int
    at: Instant
    online: int
    viewers_uv: int
    likes: int
    chat: list[ChatEventWire]
    bag: list[BagItemWire]
    pitch: PitchWire | None
    slow_mode_seconds: int
    muted_until: Instant | None = None
    pinned: ChatEventWire | None = None


class EventsWire(Wire):
    """The door to the room's frames: connect to `url` with `jwt`, subscribe to `subjects`; publishing is denied."""

    url: str
    jwt: str
    subjects: list[str]
    expires_at: Instant


class PlaybackWire(Wire):
    flv_url: str
    hls_url: str


class PageBroadcastWire(Wire):
    id: Id
    title: str
    state: BroadcastState
    started_at: Instant | None
    cover_url: str | None


class RoomPageWire(Wire):
    room: NamedWire
    host: RoomHostWire
    following: bool
    broadcast: PageBroadcastWire | None
    seller: RoomSellerWire
    safety_notice: str
    marks: list[Mark]
    playback: PlaybackWire | None
    snapshot: SnapshotWire
    crew_role: str | None


class EnteredWire(Wire):
    watch_id: Id
    events: EventsWire
    snapshot: SnapshotWire


class LivePitchWire(Wire):
    title: str
    price_fen: Fen
    picture_url: str | None


class LiveCardWire(Wire):
    room_id: Id
    broadcast_id: Id
    title: str
    cover_url: str | None
    host: HostWire
    shop_name: str
    online: int
    likes: int
    pitch: LivePitchWire | None
    is_demo: bool
    state: BroadcastState


class StreamHealthWire(Wire):
    """The media engine's last report: kilobits and frames a second, milliseconds; `at` is when it was received."""

    publishing: bool
    bitrate_kbps: float | None = None
    fps: float | None = None
    keyframe_seconds: float | None = None
    dropped_frames: int | None = None
    delay_ms: float | None = None
    jitter_ms: float | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    audio_codec: str | None = None
    clock_jumps: int | None = None
    viewers_flv: int | None = None
    viewers_hls: int | None = None
    recording: bool | None = None
    at: Instant | None = None


class WallCardWire(LiveCardWire):
    health: StreamHealthWire | None
    playback: PlaybackWire
    started_at: Instant | None


class WallWire(Wire):
    items: list[WallCardWire]


class ReplayWire(Wire):
    """A piece of a recording file: from `start_ms` to `end_ms` after its first frame."""

    url: str
    start_ms: int
    end_ms: int


class LineAcceptedWire(Wire):
    id: Id


class NoticesWire(Wire):
    operator_name: str
    sellers: list[SellerWire]
    safety_notice: str


class BroadcastWire(Wire):
    id: Id
    room_id: Id
    state: BroadcastState
    title: str
    cover_url: str | None
    marks: list[Mark]
    notices: NoticesWire
    missing: list[str] = Field(description="What going live still needs; empty in every state but draft and rehearsal.")
    created_at: Instant
    rehearsed_at: Instant | None
    started_at: Instant | None
    ended_at: Instant | None
    ended_why: str | None
    ended_reason: str | None


class ConsoleBroadcastWire(Wire):
    id: Id
    state: BroadcastState
    title: str


class ConsoleRoomWire(Wire):
    room: NamedWire
    role: str
    broadcast: ConsoleBroadcastWire | None
    shop_ids: list[Id]


class ConsoleRoomsWire(Wire):
    items: list[ConsoleRoomWire]


class RoomWire(Wire):
    id: Id
    name: str
    cover_url: str | None
    created_at: Instant


class IngestWire(Wire):
    rtmp_server: str
    stream_key: str
    key_expires_at: Instant
    publishing: bool
    health: StreamHealthWire | None


class BagWire(Wire):
    items: list[BagItemWire]


class PickableWire(Wire):
    """`commission_bps` is the rate that counts for the host now; `keep_fen` what they keep of a piece of the cheapest SKU.

    `may_sell` False: another creator has it exclusively.
    """

    id: Id
    title: str
    picture_url: str | None
    price_fen_min: Fen
    price_fen_max: Fen
    shop: NamedWire
    service_tags: list[str]
    sold_count: int
    stock_state: str
    commission_bps: int
    keep_fen: Fen
    may_sell: bool
    in_bag: bool


class MutedWire(Wire):
    until: Instant


class FunnelWire(Wire):
    shown_uv: int
    clicked_uv: int
    placed_uv: int
    paid_uv: int


class BoardItemWire(Wire):
    item_id: Id
    number: int
    title: str
    shown_uv: int
    clicked_uv: int
    placed: int
    paid: int
    paid_fen: Fen
    stock_left: int
    pitches: int
    pitch_seconds: int
    paid_in_pitch: int


class BoardSourceWire(Wire):
    source: str
    viewers_uv: int
    gmv_paid_fen: Fen
    gpm_fen: Fen


class BoardMinuteWire(Wire):
    at: Instant
    online: int
    entered: int
    comments: int
    likes: int
    orders_paid: int
    gmv_paid_fen: Fen


class BoardWire(Wire):
    """The live board. Rates are shares 0..1; amounts integer fen; the definitions stand in board/rules.py."""

    broadcast_id: Id
    at: Instant
    started_at: Instant | None
    gmv_created_fen: Fen
    gmv_paid_fen: Fen
    gmv_net_fen: Fen
    orders_created: int
    orders_paid: int
    buyers_paid: int
    online: int
    online_peak: int
    viewers_uv: int
    views_pv: int
    gpm_fen: Fen
    uv_value_fen: Fen
    average_order_fen: Fen
    stay_seconds_avg: float
    interact_rate: float
    comment_uv: int
    like_uv: int
    follow_uv: int
    follow_rate: float
    funnel: FunnelWire
    refund_orders: int
    refund_fen: Fen
    items: list[BoardItemWire]
    sources: list[BoardSourceWire]
    minutes: list[BoardMinuteWire]


class ConsoleEnteredWire(Wire):
    events: EventsWire
    snapshot: SnapshotWire
    board: BoardWire | None


class HookAnswerWire(Wire):
    """SRS's answer: code 0 is yes. `data.stream` names the stream towards viewers; `reason` says why not."""

    code: int
    reason: str | None = None
    data: dict[str, Any] | None = None
