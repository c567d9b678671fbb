"""ISO base media boxes (ISO/IEC 14496-12, 14496-14, 14496-15) for one H.264 and one AAC track: the init segment."""

from __future__ import annotations

import struct

from kaibo.stage.media.codecs import AudioConfig, VideoConfig

VIDEO_TRACK, AUDIO_TRACK = 1, 2
VIDEO_TIMESCALE = 90_000
TICKS_PER_MS = VIDEO_TIMESCALE // 1_000
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of `kind` around the joined `parts`."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A FullBox: a box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def init_segment(video: VideoConfig, audio: AudioConfig | None) -> bytes:
    """ftyp + moov for a fragmented file; the fragments bring all samples."""
    movie = full(
        b"mvhd", 0, 0, struct.pack(">4I", 0, 0, 1_000, 0), struct.pack(">IH10x", 0x10000, 0x0100), _MATRIX, bytes(24),
        struct.pack(">I", 3),
    )  # fmt: skip
    tracks = [_video_track(video)]
    extends = [_extends(VIDEO_TRACK)]
    if audio is not None:
        tracks.append(_audio_track(audio))
        extends.append(_extends(AUDIO_TRACK))
    return box(b"ftyp", b"iso6\0\0\0\1", b"iso6mp41avc1cmfc") + box(b"moov", movie, *tracks, box(b"mvex", *extends))


def _extends(track: int) -> bytes:
    return full(b"trex", 0, 0, struct.pack(">5I", track, 1, 0, 0, 0))


def _track(
    track: int, volume: int, size: tuple[int, int], timescale: int, kind: bytes, header: bytes, entry: bytes
) -> bytes:
    head = full(
        b"tkhd", 0, 3, struct.pack(">5I8xHHHH", 0, 0, track, 0, 0, 0, 0, volume, 0), _MATRIX,
        struct.pack(">II", size[0] << 16, size[1] << 16),
    )  # fmt: skip
    tables = box(
        b"stbl",
        full(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full(b"stts", 0, 0, bytes(4)),
        full(b"stsc", 0, 0, bytes(4)),
        full(b"stsz", 0, 0, bytes(8)),
        full(b"stco", 0, 0, bytes(4)),
    )
    data = box(b"dinf", full(b"dref", 0, 0, struct.pack(">I", 1), full(b"url ", 0, 1)))
    media = box(
        b"mdia",
        full(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, timescale, 0, 0x55C4, 0)),  # language "und"
        full(b"hdlr", 0, 0, bytes(4), kind, bytes(12), b"kaibo\0"),
        box(b"minf", header, data, tables),
    )
    return box(b"trak", head, media)


def _video_track(video: VideoConfig) -> bytes:
    entry = box(
        b"avc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HH", video.width, video.height),
        struct.pack(">IIIH32sHh", 0x480000, 0x480000, 0, 1, b"", 0x18, -1), box(b"avcC", video.record),
    )  # fmt: skip
    header = full(b"vmhd", 0, 1, bytes(8))
    return _track(VIDEO_TRACK, 0, (video.width, video.height), VIDEO_TIMESCALE, b"vide", header, entry)


def _audio_track(audio: AudioConfig) -> bytes:
    config = _descriptor(5, audio.record)
    decoder = _descriptor(4, b"\x40\x15", bytes(3), bytes(8), config)  # AAC, audio stream, rates unknown
    stream = _descriptor(3, b"\0\0\0", decoder, _descriptor(6, b"\2"))
    rate = audio.rate if audio.rate < 0x10000 else 0  # a 16-bit field; the true rate stands in the esds and mdhd
    entry = box(
        b"mp4a", bytes(6), struct.pack(">H8xHHIHH", 1, audio.channels, 16, 0, rate, 0), full(b"esds", 0, 0, stream)
    )
    return _track(AUDIO_TRACK, 0x0100, (0, 0), audio.rate, b"soun", full(b"smhd", 0, 0, bytes(4)), entry)


def _descriptor(kind: int, *parts: bytes) -> bytes:
    """An MPEG-4 descriptor with the four-byte length that every reader understands (ISO/IEC 14496-1, 8.3.3)."""
    body = b"".join(parts)
    size = len(body)
    return (
        bytes((kind, 0x80 | size >> 21 & 0x7F, 0x80 | size >> 14 & 0x7F, 0x80 | size >> 7 & 0x7F, size & 0x7F)) + body
    )
