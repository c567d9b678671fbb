"""What the media engine asks and tells, in SRS's words, and what the platform answers.

`stream` is the stream key when publishing (or the room with `?key=` beside it, for servers that cannot rename a stream), and the
room's hex id everywhere else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import parse_qs
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from kaibo.kernel import context
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import say
from kaibo.stage import secret
from kaibo.stage.broadcasts.lookup import open_broadcast
from kaibo.stage.ingest import lookup, streams
from kaibo.stage.ingest.report_recording import Finished, report_recording
from kaibo.stage.rooms.lookup import rooms_by_id
from kaibo.stage.wire import HookAnswerWire

_Word = Annotated[str, BeforeValidator(lambda v: str(v) if isinstance(v, int) else v), Field(max_length=2_048)]
_Count = Annotated[int, Field(ge=0, lt=1 << 62)]
_Milliseconds = Annotated[int, Field(ge=0, lt=10**14)]


class Hook(BaseModel):
    """A callback's body; members of other actions and other servers are passed over."""

    model_config = ConfigDict(extra="allow", frozen=True)

    action: _Word
    client_id: _Word = ""
    server_id: _Word = ""
    ip: _Word = ""
    stream: _Word = ""
    public_stream: _Word = ""
    param: _Word = ""
    # on_dvr
    cwd: _Word = ""
    file: _Word = ""
    sha256: _Word = ""
    bytes: _Count = 0
    started_at_ms: _Milliseconds = 0
    duration_ms: _Milliseconds = 0
    recovered: bool = False
    # on_notice
    kind: _Word = ""
    detail: _Word = ""

    def query(self, name: str) -> str:
        return parse_qs(self.param.lstrip("?")).get(name, [""])[0]

    def room(self) -> UUID | None:
        """The room that `stream` names."""
        try:
            return UUID(hex=self.stream)
        except ValueError:
            return None


_NO_ROOM = UUID(int=0)


@dataclass
class Heard:
    """The answer, and what the room's crew is told after the commit."""

    room_id: UUID = _NO_ROOM
    refusal: str = ""
    data: dict[str, Any] | None = None
    crew_frames: list[dict[str, Any]] = field(default_factory=list)

    def wire(self) -> HookAnswerWire:
        if not self.refusal:
            return HookAnswerWire(code=0, data=self.data)
        return HookAnswerWire(code=1, reason=say(f"stage.{self.refusal}", context.settings().locale, {}))


async def answer(db: Db, hook: Hook) -> Heard:
    """Unknown actions are allowed and nothing: SRS has more of them than concern us."""
    handler = _ACTIONS.get(hook.action)
    return await handler(db, hook) if handler else Heard()


async def _on_publish(db: Db, hook: Hook) -> Heard:
    hashed = secret.key_hash(hook.query("key") or hook.stream)
    key = await lookup.key_by_hash(db, hashed)
    if key is None or (hook.query("key") and hook.room() != key.room_id):
        return Heard(refusal="key_unknown")
    refusal = await streams.begin(db, key, hashed, client_id=hook.client_id, server_id=hook.server_id, ip=hook.ip)
    if refusal:
        return Heard(refusal=refusal)
    started = {"t": "notice", "kind": "stream_started", "detail": hook.ip}
    return Heard(room_id=key.room_id, data={"stream": key.room_id.hex}, crew_frames=[started])


async def _on_unpublish(db: Db, hook: Hook) -> Heard:
    room_id = await streams.stop(db, client_id=hook.client_id)
    if room_id is None:  # a client that was refused or replaced
        return Heard()
    stream = await lookup.stream(db, room_id)
    health = stream.health_wire() if stream else None
    why = str((hook.model_extra or {}).get("reason", ""))[:200]
    frames: list[dict[str, Any]] = [{"t": "notice", "kind": "stream_stopped", "detail": why}]
    if health is not None:
        frames.append({"t": "health", **health.model_dump(mode="json")})
    return Heard(room_id=room_id, crew_frames=frames)


async def _on_play(db: Db, hook: Hook) -> Heard:
    room_id = hook.room()
    on = await open_broadcast(db, room_id) if room_id else None
    if room_id is None or on is None:
        return Heard(refusal="play_not_allowed")
    if on.state != "live" and not secret.play_token_good(room_id, hook.query("token")):
        return Heard(refusal="play_not_allowed")
    return Heard(room_id=room_id)


async def _on_dvr(db: Db, hook: Hook) -> Heard:
    room_id = hook.room()
    if room_id is not None and await rooms_by_id(db, [room_id]):
        finished = Finished(
            cwd=hook.cwd,
            file=hook.file,
            sha256=hook.sha256.lower(),
            bytes=hook.bytes,
            started_at_ms=hook.started_at_ms,
            duration_ms=hook.duration_ms,
            recovered=hook.recovered,
        )
        await report_recording(db, room_id, finished)
    return Heard()


async def _on_notice(db: Db, hook: Hook) -> Heard:
    room_id = hook.room()
    if room_id is None:
        return Heard()
    await streams.note(db, room_id, hook.kind[:100], hook.detail[:500])
    frame = {"t": "notice", "kind": hook.kind[:100], "detail": hook.detail[:500]}
    return Heard(room_id=room_id, crew_frames=[frame])


async def _on_stats(db: Db, hook: Hook) -> Heard:
    room_id = hook.room()
    if room_id is None:
        return Heard()
    stream = await streams.report_health(db, room_id, hook.client_id, _health(hook.model_extra or {}))
    health = stream.health_wire() if stream else None
    if health is None:
        return Heard()
    return Heard(room_id=room_id, crew_frames=[{"t": "health", **health.model_dump(mode="json")}])


_NUMBERS = ("bitrate_kbps", "fps", "delay_ms", "jitter_ms")
_WHOLE = ("dropped_frames", "width", "height", "clock_jumps", "viewers_flv", "viewers_hls")


def _health(said: dict[str, Any]) -> dict[str, Any]:
    """The figures we show, of the types we promise; anything else a server says is left out."""
    health: dict[str, Any] = {k: said[k] for k in _NUMBERS if _is_number(said.get(k))}
    health |= {k: int(said[k]) for k in _WHOLE if _is_number(said.get(k))}
    if _is_number(said.get("gop_ms")):
        health["keyframe_seconds"] = round(said["gop_ms"] / 1000, 2)
    for ours, theirs in (("codec", "video_codec"), ("audio_codec", "audio_codec")):
        if isinstance(said.get(theirs), str):
            health[ours] = said[theirs][:64]
    if isinstance(said.get("recording"), bool):
        health["recording"] = said["recording"]
    return health


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


_ACTIONS: dict[str, Callable[[Db, Hook], Awaitable[Heard]]] = {
    "on_publish": _on_publish,
    "on_unpublish": _on_unpublish,
    "on_play": _on_play,
    "on_dvr": _on_dvr,
    "on_notice": _on_notice,
    "on_stats": _on_stats,
}
