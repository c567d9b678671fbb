"""Cuts a stream into LL-HLS parts and segments, and keeps the window that a playlist shows (RFC 8216bis).

A part is closed when the frame after it arrives, so every duration is exact. Segments begin at keyframes; a keyframe
that never comes is cut around at `segment_ms_max`.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from kaibo.stage.media import boxes, fragment
from kaibo.stage.media.codecs import AAC_FRAME_SAMPLES, AudioConfig, VideoConfig
from kaibo.stage.media.fragment import AudioSample, Fragment, VideoSample
from kaibo.stage.media.settings import MediaSettings

PART_TARGET_OVER = 1.1
"""Advertised part target over the cutting length: frames do not divide every length (24 fps: 208 ms for 200)."""
PART_CUT_FROM = 0.935
"""A part may be cut from this share of its length on: 85 % of the advertised target, the least RFC 8216bis allows."""
AUDIO_DRIFT_MS_MAX = 60
"""Audio runs on its own sample count; stamps that wander farther than this are followed."""
SPARE_SEGMENTS = 3
"""Segments kept beyond the playlist for players that are late."""
FRAME_MS_UNKNOWN = 33


@dataclass(slots=True)
class Segment:
    """One segment, growing or complete. Times in milliseconds of the stream's clock."""

    number: int
    init: int
    start_ms: int
    discontinuity: bool
    breaks: int
    """Discontinuities up to and with this segment (for EXT-X-DISCONTINUITY-SEQUENCE)."""
    parts: list[Fragment] = field(default_factory=list)
    duration_ms: float = 0.0
    complete: bool = False


class Packager:
    """One stream's parts, segments and init segments. `on_part` sees each part as it is closed."""

    def __init__(self, settings: MediaSettings, on_part: Callable[[Fragment, bool], None]) -> None:
        self.settings = settings
        self.epoch = secrets.token_hex(8)
        """In every media URI: not guessable, and never the same for two runs, so caches may keep what they fetched."""
        self.inits: dict[int, bytes] = {}
        self.segments: deque[Segment] = deque()
        self.target_ms: float = settings.segment_ms
        self.video: VideoConfig | None = None
        self.audio: AudioConfig | None = None
        self._on_part = on_part
        self._init = -1
        self._number = self._sequence = self._breaks = 0
        self._broken = False  # the next segment follows a discontinuity
        self._frames: list[VideoSample] = []
        self._pending: tuple[memoryview, int, int, bool] | None = None  # the newest frame: data, ms, offset, key
        self._frames_ms = 0
        self._sounds: list[AudioSample] = []
        self._sounds_at = 0  # decode time of the first of _sounds, in samples
        self._sound_next: int | None = None
        self.frame_ms: float = FRAME_MS_UNKNOWN

    def configure(self, video: VideoConfig, audio: AudioConfig | None) -> None:
        """New codec parameters: what follows needs a new init segment, after a discontinuity."""
        self.flush()
        self.video, self.audio = video, audio
        self._init += 1
        self.inits[self._init] = boxes.init_segment(video, audio)
        self._broken = self._number > 0
        self._sound_next = None

    @property
    def init_id(self) -> int:
        return self._init

    def add_video(self, data: memoryview, ms: int, offset_ms: int, key: bool) -> None:
        """A frame decoded at `ms`, shown `offset_ms` later. Frames before the first keyframe must not be given."""
        pending = self._pending
        if pending is not None:
            self._settle(pending, max(1, ms - pending[1]))
            cut = self._cut_segment(ms, key)
            if cut or self._part_is_due(ms):
                self._close_part()
            if cut:
                self._close_segment()
        if not self._frames:
            self._frames_ms = ms
        self._pending = (data, ms, offset_ms, key)

    def add_audio(self, data: memoryview, ms: int) -> None:
        """An AAC frame of 1,024 samples stamped `ms`."""
        audio = self.audio
        if audio is None:
            return
        stamped = ms * audio.rate // 1_000
        expected = self._sound_next
        drift_max = AUDIO_DRIFT_MS_MAX * audio.rate // 1_000
        if expected is None:
            expected = stamped
        elif stamped - expected > drift_max:
            if self._sounds:  # the pause belongs to the sample before it
                last = self._sounds[-1]
                self._sounds[-1] = last._replace(duration=last.duration + stamped - expected)
            expected = stamped
        elif expected - stamped > drift_max:
            return  # more sound than time: this frame has no place
        if not self._sounds:
            self._sounds_at = expected
        self._sounds.append(AudioSample(data, AAC_FRAME_SAMPLES))
        self._sound_next = expected + AAC_FRAME_SAMPLES

    def flush(self) -> None:
        """Close what is open: the publisher went away or changes its codec parameters."""
        if self._pending is not None:
            self._settle(self._pending, round(self.frame_ms))
            self._pending = None
        self._close_part()
        self._close_segment()
        self._sounds = []
        self._sound_next = None

    def _settle(self, pending: tuple[memoryview, int, int, bool], duration_ms: int) -> None:
        data, _ms, offset_ms, key = pending
        per_ms = boxes.TICKS_PER_MS
        self._frames.append(VideoSample(data, duration_ms * per_ms, offset_ms * per_ms, key))
        self.frame_ms += (min(duration_ms, 1_000) - self.frame_ms) / 16

    def _part_is_due(self, ms: int) -> bool:
        length = ms - self._frames_ms
        part_ms = self.settings.part_ms
        return length >= part_ms * PART_CUT_FROM or length + self.frame_ms > part_ms * PART_TARGET_OVER + 1

    def _cut_segment(self, ms: int, key: bool) -> bool:
        segment = self.segments[-1] if self.segments and not self.segments[-1].complete else None
        length = ms - (segment.start_ms if segment else self._frames_ms)
        # half a frame of tolerance: stamps are whole milliseconds, a 2 s keyframe interval reads 1,999 or 2,001
        return (
            key and length >= self.settings.segment_ms - self.frame_ms / 2
        ) or length >= self.settings.segment_ms_max

    def _close_part(self) -> None:
        if not self._frames:
            return
        self._sequence += 1
        start_ms = self._frames_ms
        part = fragment.build(
            self._sequence, start_ms, self._frames, start_ms * boxes.TICKS_PER_MS, self._sounds, self._sounds_at
        )
        self._frames, self._sounds = [], []
        opens = not self.segments or self.segments[-1].complete
        if opens:
            self._breaks += self._broken
            self.segments.append(Segment(self._number, self._init, start_ms, self._broken, self._breaks))
            self._number += 1
            self._broken = False
        segment = self.segments[-1]
        segment.parts.append(part)
        segment.duration_ms += part.duration_ms
        self._on_part(part, opens)

    def _close_segment(self) -> None:
        if not self.segments or self.segments[-1].complete:
            return
        segment = self.segments[-1]
        segment.complete = True
        self.target_ms = max(self.target_ms, segment.duration_ms)
        while len(self.segments) > self.settings.playlist_segments + SPARE_SEGMENTS:
            self.segments.popleft()
            oldest = self.segments[0].init
            for stale in [known for known in self.inits if known < oldest]:
                del self.inits[stale]
