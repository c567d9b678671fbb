"""One live stream under its public name: what a publisher sends becomes tags, parts, a recording and figures.

Lives from the first publish to the end of the grace period after the last one; a publisher who comes back within it
goes on in the same stream, after a discontinuity.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from kaibo.stage.media import amf0, flv
from kaibo.stage.media.codecs import AudioConfig, VideoConfig, parse_audio, parse_video
from kaibo.stage.media.fanout import FlvFanout
from kaibo.stage.media.faults import Refused
from kaibo.stage.media.fragment import Fragment
from kaibo.stage.media.health import Health
from kaibo.stage.media.hooks import Client, Hooks
from kaibo.stage.media.metrics import Metrics
from kaibo.stage.media.packager import Packager
from kaibo.stage.media.recording import Recorder, Source
from kaibo.stage.media.recording_file import Disk, FinishedFile
from kaibo.stage.media.settings import MediaSettings
from kaibo.stage.media.timeline import AUDIO, VIDEO, Timeline

AUDIO_WAIT_MS = 1_000
"""How long a stream waits for its AAC configuration after the first H.264 one before it starts without sound."""
BITRATE_SPAN_MS = 10_000


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class LiveStream:
    """Not more than one publisher at a time; the registry sees to that."""

    def __init__(
        self,
        settings: MediaSettings,
        name: str,
        hooks: Hooks,
        metrics: Metrics,
        disk: Disk,
        threads: ThreadPoolExecutor,
    ) -> None:
        self.settings = settings
        self.name = name
        self.publisher: Client | None = None
        self.ended = False
        self.cut = False
        self.gone_at_ms = 0
        """Monotonic time when the last publisher left, while there is none."""
        self.clock_zero_ms = 0
        self.part_count = 0
        self.health = Health()
        self.packager = Packager(settings, self._on_part)
        self.fanout = FlvFanout(settings, metrics.viewer_drops.inc)
        self.recorder = Recorder(settings, name, disk, threads, self._on_file, self.notice)
        self._hooks = hooks
        self._metrics = metrics
        self._timeline = Timeline()
        self._next_part: asyncio.Future[None] | None = None
        self._public = Client("", "", settings.app, name)
        """The newest publisher under the public name: what hooks after on_publish tell, without key or token."""
        self._reset_publisher(0)

    def _reset_publisher(self, now_ms: int) -> None:
        self._video: VideoConfig | None = None
        self._audio: AudioConfig | None = None
        self._started = False  # a keyframe was taken: packaging runs
        self._no_audio = False
        self._video_since_ms = 0
        self._attached_ms = now_ms
        self._stalled = False
        self._long_gop = False
        self._rate_since_ms = now_ms
        self._rate_bytes = 0

    # the publisher

    def attach(self, client: Client) -> None:
        """A publisher was let in."""
        now_ms = monotonic_ms()
        self.publisher = client
        self._public = replace(client, stream=self.name, param="")
        self.ended = False
        self._reset_publisher(now_ms)
        self._timeline.restart()
        self.health.restart(now_ms)
        self.fanout.reset()

    def detach(self) -> None:
        """The publisher is gone: close what is open; viewers wait for the grace period."""
        self.publisher = None
        self.gone_at_ms = monotonic_ms()
        self.packager.flush()
        self.recorder.finish()

    def end(self, *, cut: bool = False) -> None:
        """No publisher will come back (or may): FLV responses end, the playlist ends or, when cut, is withdrawn."""
        self.ended = True
        self.cut = self.cut or cut
        self.fanout.close()
        self._wake_waiters()

    async def close(self) -> None:
        """End at once and wait for the recording to be on the disk."""
        if self.publisher is not None:
            self.detach()
        self.end()
        await self.recorder.close()

    # what the publisher sends

    def on_metadata(self, values: list[amf0.Value]) -> None:
        """onMetaData of the encoder: handed on to FLV viewers; says early when there will be no sound."""
        found = next((value for value in values if isinstance(value, dict)), None)
        if found is None:
            return
        if "videocodecid" in found and not found.get("audiocodecid"):
            self._no_audio = True
        self.fanout.configure(flv.TAG_SCRIPT, flv.tag(flv.TAG_SCRIPT, 0, amf0.encode("onMetaData", found)))

    def on_video(self, stamp: int, payload: bytes) -> None:
        """A video message. Raises ProtocolFault or Refused."""
        tag = flv.parse_video(payload)
        now_ms = monotonic_ms()
        if tag.kind == flv.CONFIG:
            config = parse_video(payload[flv.VIDEO_HEADER_BYTES :])
            if config != self._video:
                self._video, self._started = config, False
                self._video_since_ms = now_ms
                self.fanout.configure(flv.TAG_VIDEO, flv.tag(flv.TAG_VIDEO, 0, payload))
            return
        if tag.kind != flv.FRAME or self._video is None or len(payload) == flv.VIDEO_HEADER_BYTES:
            return
        ms = self._timeline.map(VIDEO, stamp, now_ms)
        self.health.video(len(payload), ms, tag.key, now_ms)
        self._count_bitrate(len(payload), now_ms)
        if not self._started and not (tag.key and self._start(ms, now_ms)):
            return
        self.packager.add_video(memoryview(payload)[flv.VIDEO_HEADER_BYTES :], ms, tag.offset_ms, tag.key)
        self.fanout.video(flv.tag(flv.TAG_VIDEO, ms, payload), tag.key)

    def on_audio(self, stamp: int, payload: bytes) -> None:
        """An audio message. Raises ProtocolFault or Refused."""
        kind = flv.parse_audio(payload)
        if kind < 0:
            return
        now_ms = monotonic_ms()
        if kind == flv.CONFIG:
            config = parse_audio(payload[flv.AUDIO_HEADER_BYTES :])
            if config != self._audio:
                self._audio, self._started = config, False
                self.fanout.configure(flv.TAG_AUDIO, flv.tag(flv.TAG_AUDIO, 0, payload))
            return
        if self._audio is None or len(payload) == flv.AUDIO_HEADER_BYTES:
            return
        ms = self._timeline.map(AUDIO, stamp, now_ms)
        self.health.audio(len(payload), now_ms)
        self._count_bitrate(len(payload), now_ms)
        if self._started:
            self.packager.add_audio(memoryview(payload)[flv.AUDIO_HEADER_BYTES :], ms)
            self.fanout.audio(flv.tag(flv.TAG_AUDIO, ms, payload))

    def _start(self, ms: int, now_ms: int) -> bool:
        """At a keyframe: begin (again) with the configurations known now; false to wait for the sound's."""
        video = self._video
        assert video is not None
        waited_ms = now_ms - self._video_since_ms
        if self._audio is None and not self._no_audio and waited_ms < AUDIO_WAIT_MS:
            return False
        if not self.clock_zero_ms:
            self.clock_zero_ms = time.time_ns() // 1_000_000 - ms
        if (video, self._audio) != (self.packager.video, self.packager.audio) or self.packager.segments:
            self.packager.configure(video, self._audio)
        self._started = True
        return True

    def _count_bitrate(self, size: int, now_ms: int) -> None:
        self._rate_bytes += size
        span_ms = now_ms - self._rate_since_ms
        if span_ms < BITRATE_SPAN_MS:
            return
        kbps = self._rate_bytes * 8 // span_ms
        self._rate_since_ms, self._rate_bytes = now_ms, 0
        if kbps > self.settings.bitrate_kbps_max:
            raise Refused(
                "NetStream.Publish.Rejected",
                f"{kbps} kbit/s over {BITRATE_SPAN_MS // 1_000} s; at most {self.settings.bitrate_kbps_max} kbit/s "
                "are taken: lower the encoder's bitrate",
            )

    # what comes out

    def _on_part(self, part: Fragment, opens_segment: bool) -> None:
        packager = self.packager
        self.part_count += 1
        rate = packager.audio.rate if packager.audio else 0
        source = Source(packager.init_id, packager.inits[packager.init_id], rate, self.clock_zero_ms)
        self.recorder.part(part, opens_segment, source)
        self._wake_waiters()

    def _wake_waiters(self) -> None:
        if self._next_part is not None and not self._next_part.done():
            self._next_part.set_result(None)
        self._next_part = None

    async def wait_for_part(self, seconds: float) -> None:
        """Until the next part, the end of the stream, or `seconds` (TimeoutError)."""
        if self._next_part is None:
            self._next_part = asyncio.get_running_loop().create_future()
        await asyncio.wait_for(asyncio.shield(self._next_part), seconds)

    def _on_file(self, finished: FinishedFile) -> None:
        self._metrics.recorded_bytes.inc(finished.bytes)
        tell_of_file(self._hooks, self._public, finished)

    def notice(self, kind: str, detail: str) -> None:
        """Something the crew should know now."""
        self._hooks.tell("on_notice", self._public, kind=kind, detail=detail)

    # once a second, and every reporting interval

    def check(self, now_ms: int) -> str | None:
        """Stall, silence and missing pictures; the reason why the publisher must go, or None."""
        settings = self.settings
        silent_ms = now_ms - self.health.last_media_ms
        if silent_ms > settings.publisher_idle_seconds * 1_000:
            return f"no media for {settings.publisher_idle_seconds:g} s"
        if not self._stalled and silent_ms > settings.publisher_stall_seconds * 1_000:
            self._stalled = True
            self.notice("publisher_stalled", f"no media from the encoder for {silent_ms / 1_000:.1f} s")
        elif self._stalled and silent_ms < 1_000:
            self._stalled = False
            self.notice("publisher_recovered", "media from the encoder is back")
        if not self._started and now_ms - self._attached_ms > settings.first_keyframe_seconds * 1_000:
            if self._video is None:
                return f"no H.264 video within {settings.first_keyframe_seconds:g} s"
            if self.part_count == 0:
                return f"no H.264 keyframe within {settings.first_keyframe_seconds:g} s"
        if not self._long_gop and self.health.gop_ms > settings.gop_ms_max:
            self._long_gop = True
            self.notice(
                "gop_too_long", f"keyframes come every {self.health.gop_ms / 1_000:.1f} s; set the encoder to 1 or 2 s"
            )
        return None

    def report(self, now_ms: int, hls_viewers: int) -> None:
        """Send the crew this stream's health."""
        video, audio = self._video, self._audio
        self._hooks.stats(
            self._public,
            **self.health.report(now_ms),
            width=video.width if video else 0,
            height=video.height if video else 0,
            video_codec=video.codec if video else "",
            audio_codec=audio.codec if audio else "",
            clock_jumps=self._timeline.jumps,
            viewers_flv=len(self.fanout.viewers),
            viewers_hls=hls_viewers,
            recording=self.recorder.recording,
        )


def tell_of_file(hooks: Hooks, client: Client, finished: FinishedFile) -> None:
    """on_dvr; its note is removed once the platform has taken it."""
    hooks.tell(
        "on_dvr",
        client,
        lambda: finished.note.unlink(missing_ok=True),
        cwd=finished.cwd,
        file=finished.file,
        sha256=finished.sha256,
        bytes=finished.bytes,
        started_at_ms=finished.started_at_ms,
        duration_ms=finished.duration_ms,
        recovered=finished.recovered,
    )
