"""moof + mdat: a run of H.264 and AAC samples as one movie fragment (ISO/IEC 14496-12, 8.8)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kaibo.stage.media.boxes import AUDIO_TRACK, TICKS_PER_MS, VIDEO_TRACK

_MOOF_HEAD = struct.Struct(">I4sI4sII")  # moof, then mfhd with its sequence number
_TRAF_HEAD = struct.Struct(">I4sI4sIII4sIQI4sIII")  # traf, tfhd, tfdt, then trun up to its data offset
_BOX = struct.Struct(">I4s")
_U64 = struct.Struct(">Q")
_DEFAULT_BASE_IS_MOOF = 0x020000
_VIDEO_RUN = 1 << 24 | 0x000F01  # version 1 (signed offsets): data offset, duration, size, flags, composition offset
_AUDIO_RUN = 0x000301  # data offset, duration, size
_KEY, _NOT_KEY = 0x02000000, 0x01010000
_TFDT_AT = 8 + 16 + 12  # of the 64-bit time, from the start of a traf


class VideoSample(NamedTuple):
    """Times and durations in ticks of boxes.VIDEO_TIMESCALE."""

    data: memoryview
    duration: int
    offset: int
    key: bool


class AudioSample(NamedTuple):
    """Duration in samples of the track's rate."""

    data: memoryview
    duration: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """One LL-HLS part. `times` are (offset of the 64-bit tfdt in `body`, its value) for each track present."""

    body: bytes
    moof_bytes: int
    times: tuple[tuple[int, int, int], ...]
    """(track id, offset in body, decode time in the track's ticks)"""
    start_ms: int
    duration_ms: float
    independent: bool

    def moved(self, origin: dict[int, int], sequence: int) -> bytes:
        """The moof alone, renumbered, its decode times counted from `origin[track]`; the mdat stays shared."""
        head = bytearray(self.body[: self.moof_bytes])
        struct.pack_into(">I", head, 20, sequence)
        for track, at, ticks in self.times:
            _U64.pack_into(head, at, max(0, ticks - origin[track]))
        return bytes(head)


def build(
    sequence: int,
    start_ms: int,
    video: Sequence[VideoSample],
    video_time: int,
    audio: Sequence[AudioSample],
    audio_time: int,
) -> Fragment:
    """A fragment of `video` (first decode time `video_time`, 90 kHz) and `audio` (`audio_time`, sample rate)."""
    video_size = sum(len(sample.data) for sample in video)
    audio_size = sum(len(sample.data) for sample in audio)
    video_traf = 64 + 16 * len(video) if video else 0
    audio_traf = 64 + 8 * len(audio) if audio else 0
    moof_size = 24 + video_traf + audio_traf
    head = [_MOOF_HEAD.pack(moof_size, b"moof", 16, b"mfhd", 0, sequence)]
    times: list[tuple[int, int, int]] = []
    if video:
        head.append(_traf(VIDEO_TRACK, video_traf, video_time, _VIDEO_RUN, len(video), moof_size + 8))
        flat = [
            field
            for sample in video
            for field in (
                sample.duration, len(sample.data), _KEY if sample.key else _NOT_KEY, sample.offset & 0xFFFFFFFF
            )
        ]  # fmt: skip
        head.append(struct.pack(f">{len(flat)}I", *flat))
        times.append((VIDEO_TRACK, 24 + _TFDT_AT, video_time))
    if audio:
        head.append(_traf(AUDIO_TRACK, audio_traf, audio_time, _AUDIO_RUN, len(audio), moof_size + 8 + video_size))
        flat = [field for sample in audio for field in (sample.duration, len(sample.data))]
        head.append(struct.pack(f">{len(flat)}I", *flat))
        times.append((AUDIO_TRACK, 24 + video_traf + _TFDT_AT, audio_time))
    head.append(_BOX.pack(8 + video_size + audio_size, b"mdat"))
    body = b"".join([*head, *(sample.data for sample in video), *(sample.data for sample in audio)])
    duration_ms = sum(sample.duration for sample in video) / TICKS_PER_MS
    return Fragment(body, moof_size, tuple(times), start_ms, duration_ms, bool(video) and video[0].key)


def _traf(track: int, size: int, time: int, run: int, count: int, data_at: int) -> bytes:
    return _TRAF_HEAD.pack(
        size, b"traf", 16, b"tfhd", _DEFAULT_BASE_IS_MOOF, track,
        20, b"tfdt", 1 << 24, time, size - 44, b"trun", run, count, data_at,
    )  # fmt: skip
