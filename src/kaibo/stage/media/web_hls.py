"""LL-HLS over HTTP: playlists that block until they have something new, parts, segments (RFC 8216bis).

A player enters by index.m3u8, where the platform is asked; the answer leads it to media.m3u8 with a session of its
own. Media URIs carry the stream's epoch, which only admitted players learn, and may be cached.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from kaibo.stage.media import playlist
from kaibo.stage.media.answers import IMMUTABLE, Request
from kaibo.stage.media.fragment import Fragment
from kaibo.stage.media.hooks import Client, Hooks
from kaibo.stage.media.live import LiveStream
from kaibo.stage.media.metrics import Metrics
from kaibo.stage.media.packager import Segment
from kaibo.stage.media.settings import MediaSettings

PLAYLIST_TYPE = b"application/vnd.apple.mpegurl"
MEDIA_TYPE = b"video/mp4"
SESSION_IDLE_SECONDS = 15
FIRST_SEGMENT_SECONDS = 10
"""How long the entry playlist waits for a stream's first whole segment: players that know no parts need one."""
BLOCK_TARGETS = 3
"""A blocked request waits at most this many target durations (RFC 8216bis, 6.2.5.2)."""
AHEAD_SEGMENTS_MAX = 2
BITRATE_FACTOR = 1.25
BITRATE_BPS_LEAST = 500_000
_MEDIA = re.compile(r"(init|seg|part)-([0-9a-f]{16})-(\d{1,9})(?:-(\d{1,5}))?\.mp4")
_NUMBER = re.compile(r"\d{1,9}")


@dataclass(slots=True)
class _Session:
    stream: LiveStream
    client: Client
    seen: float


class HlsDesk:
    """The LL-HLS side of all streams: sessions, and playlists rendered once for all who wait."""

    def __init__(self, settings: MediaSettings, hooks: Hooks, metrics: Metrics) -> None:
        self._settings = settings
        self._hooks = hooks
        self._metrics = metrics
        self._sessions: dict[str, _Session] = {}
        self._counts: Counter[str] = Counter()
        self._rendered: dict[str, tuple[tuple[str, int, int, bool], bytes]] = {}

    def viewers(self, stream: str) -> int:
        return self._counts[stream]

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    def check(self) -> None:
        """Once a second: players that stopped asking, or whose stream is over, have left."""
        now = asyncio.get_running_loop().time()
        for key, session in list(self._sessions.items()):
            if now - session.seen > SESSION_IDLE_SECONDS or session.stream.cut:
                del self._sessions[key]
                self._counts[session.stream.name] -= 1
                self._hooks.tell("on_stop", session.client)
        self._counts = +self._counts
        for name in [name for name in self._rendered if not self._counts[name]]:
            del self._rendered[name]

    async def enter(self, request: Request, stream: LiveStream) -> None:
        """index.m3u8: admit the player and show it the way."""
        param = f"?{request.query}" if request.query else ""
        key = secrets.token_urlsafe(12)
        client = Client(key, request.ip, self._settings.app, stream.name, param)
        verdict = await self._hooks.ask("on_play", client)
        if not verdict.allowed:
            await request.problem(403 if verdict.reached else 503, verdict.reason)
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + FIRST_SEGMENT_SECONDS
        while not playlist.edge(stream.packager.segments).number and not stream.ended and loop.time() < until:
            try:
                await stream.wait_for_part(until - loop.time())
            except TimeoutError:
                break
        video = stream.packager.video
        if stream.cut or not stream.part_count or video is None:
            self._hooks.tell("on_stop", client)
            await request.problem(404, f"the stream {stream.name} has no pictures yet; try again in a moment")
            return
        self._sessions[key] = _Session(stream, client, loop.time())
        self._counts[stream.name] += 1
        listed = stream.packager.segments
        span_ms = sum(segment.duration_ms for segment in listed) or 1
        size = sum(len(part.body) for segment in listed for part in segment.parts)
        bitrate_bps = max(BITRATE_BPS_LEAST, int(size * 8_000 / span_ms * BITRATE_FACTOR))
        frame_rate = 1_000 / max(1.0, stream.packager.frame_ms)
        uri = f"media.m3u8?s={key}"
        body = playlist.multivariant(video, stream.packager.audio, frame_rate, bitrate_bps, uri)
        await request.answer(200, PLAYLIST_TYPE, body)

    async def media(self, request: Request, stream: LiveStream) -> None:
        """media.m3u8, held back until it holds the part or segment that the player asks for."""
        session = self._sessions.get(request.parameter("s") or "")
        if session is None or session.stream is not stream:
            await request.problem(403, "this playlist session is over; open index.m3u8 again")
            return
        session.seen = asyncio.get_running_loop().time()
        number_text, part_text = request.parameter("_HLS_msn"), request.parameter("_HLS_part")
        if number_text is not None or part_text is not None:
            if not _NUMBER.fullmatch(number_text or "") or not _NUMBER.fullmatch(part_text or "0"):
                await request.problem(400, "_HLS_msn and _HLS_part must be whole numbers, _HLS_part never alone")
                return
            number, part = int(number_text or 0), None if part_text is None else int(part_text)
            if number > playlist.edge(stream.packager.segments).number + AHEAD_SEGMENTS_MAX:
                await request.problem(400, f"_HLS_msn={number} is too far ahead of the live edge")
                return
            if not await self._until(stream, lambda: _has(stream, number, part)):
                await request.problem(503, "the stream stands still; ask again")
                return
            session.seen = asyncio.get_running_loop().time()
        if stream.cut:
            await request.problem(404, f"the stream {stream.name} is over")
            return
        body = self._render(stream)
        self._metrics.hls_bytes += len(body)
        await request.answer(200, PLAYLIST_TYPE, body)

    async def file(self, request: Request, stream: LiveStream, name: str) -> None:
        """An init segment, a segment or a part; the part that comes next is waited for (its preload hint)."""
        match = _MEDIA.fullmatch(name)
        packager = stream.packager
        if match is None or match[2] != packager.epoch or (match[1] == "part") != (match[4] is not None):
            await request.problem(404, f"{name} is not part of this stream")
            return
        number = int(match[3])
        bodies: list[bytes] | None
        if match[1] == "init":
            known = packager.inits.get(number)
            bodies = None if known is None else [known]
        elif match[1] == "seg":
            found = _segment(stream, number)
            bodies = [part.body for part in found.parts] if found is not None and found.complete else None
        else:
            bodies = await self._part(stream, number, int(match[4]))
        if bodies is None:
            await request.problem(404, f"{name} is not there any more, or not yet")
            return
        size = sum(map(len, bodies))
        self._metrics.hls_bytes += size
        await request.start(200, ((b"content-type", MEDIA_TYPE), (b"content-length", b"%d" % size), IMMUTABLE))
        if request.method == "HEAD":
            bodies = [b""]
        for body in bodies[:-1]:
            await request.body(body, True)
        await request.body(bodies[-1], False)

    async def _part(self, stream: LiveStream, number: int, index: int) -> list[bytes] | None:
        if playlist.edge(stream.packager.segments) == playlist.Edge(number, index):
            await self._until(stream, lambda: playlist.edge(stream.packager.segments) != playlist.Edge(number, index))
        part = _part_of(stream, number, index)
        return None if part is None else [part.body]

    async def _until(self, stream: LiveStream, ready: Callable[[], bool]) -> bool:
        """Wait, for a bounded time, until `ready` or the end of the stream."""
        loop = asyncio.get_running_loop()
        until = loop.time() + BLOCK_TARGETS * stream.packager.target_ms / 1_000
        while not ready() and not stream.ended:
            left = until - loop.time()
            if left <= 0:
                return False
            try:
                await stream.wait_for_part(left)
            except TimeoutError:
                return False
        return True

    def _render(self, stream: LiveStream) -> bytes:
        packager = stream.packager
        version = (packager.epoch, stream.part_count, playlist.edge(packager.segments).number, stream.ended)
        known = self._rendered.get(stream.name)
        if known is not None and known[0] == version:
            return known[1]
        body = playlist.media(
            tuple(packager.segments),
            epoch=packager.epoch,
            part_ms=self._settings.part_ms,
            target_ms=packager.target_ms,
            shown=self._settings.playlist_segments,
            clock_zero_ms=stream.clock_zero_ms,
            ended=stream.ended,
        )
        self._rendered[stream.name] = (version, body)
        return body


def _segment(stream: LiveStream, number: int) -> Segment | None:
    segments = stream.packager.segments
    index = number - segments[0].number if segments else -1
    return segments[index] if 0 <= index < len(segments) else None


def _part_of(stream: LiveStream, number: int, index: int) -> Fragment | None:
    segment = _segment(stream, number)
    return segment.parts[index] if segment is not None and index < len(segment.parts) else None


def _has(stream: LiveStream, number: int, part: int | None) -> bool:
    """The playlist holds segment `number` whole, or its part `part`; past the last part, the next segment's first."""
    edge = playlist.edge(stream.packager.segments)
    if part is None:
        return edge.number > number
    if edge.number == number:
        return edge.part > part
    if edge.number == number + 1 and edge.part == 0:
        whole = _segment(stream, number)
        return whole is None or part < len(whole.parts)
    return edge.number > number
