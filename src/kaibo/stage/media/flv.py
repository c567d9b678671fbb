"""FLV tags (Adobe, "Video File Format Specification 10.1", annex E): what RTMP carries and HTTP-FLV sends on."""

from __future__ import annotations

import struct
from typing import NamedTuple

from kaibo.stage.media.faults import ProtocolFault, Refused

TAG_AUDIO, TAG_VIDEO, TAG_SCRIPT = 8, 9, 18
FILE_HEADER = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
FILE_HEADER_VIDEO_ONLY = b"FLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00"
VIDEO_HEADER_BYTES, AUDIO_HEADER_BYTES = 5, 2

CONFIG, FRAME, END_OF_SEQUENCE = 0, 1, 2
_KEY_FRAME, _COMMAND_FRAME = 1, 5
_AVC, _AAC = 7, 10
_VIDEO_CODECS = {2: "Sorenson H.263", 3: "screen video", 4: "VP6", 5: "VP6 with alpha", 6: "screen video 2", 12: "HEVC"}
_AUDIO_CODECS = {
    0: "PCM", 1: "ADPCM", 2: "MP3", 3: "PCM", 4: "Nellymoser", 5: "Nellymoser", 6: "Nellymoser",
    7: "G.711 A-law", 8: "G.711 mu-law", 11: "Speex", 14: "MP3",
}  # fmt: skip
UNSUPPORTED_CODEC = "NetStream.Publish.Rejected"
_TAG = struct.Struct(">BBHBHB3x")


class VideoTag(NamedTuple):
    """`kind` is CONFIG, FRAME, END_OF_SEQUENCE or -1 for a tag to ignore; `offset_ms` is composition minus decode."""

    kind: int
    key: bool
    offset_ms: int


def parse_video(payload: bytes) -> VideoTag:
    """Header of a video message. Raises Refused for another codec than H.264, ProtocolFault for a cut-off one."""
    if len(payload) < 2:
        raise ProtocolFault("video message cut short")
    first = payload[0]
    if first & 0x80:
        fourcc = payload[1:5].decode("ascii", "replace")
        raise Refused(
            UNSUPPORTED_CODEC, f"enhanced-RTMP video '{fourcc}' is not supported; set the encoder to H.264 (AVC)"
        )
    codec, frame = first & 0x0F, first >> 4
    if frame == _COMMAND_FRAME:
        return VideoTag(-1, False, 0)
    if codec != _AVC:
        name = _VIDEO_CODECS.get(codec, f"codec {codec}")
        raise Refused(UNSUPPORTED_CODEC, f"video in {name} is not supported; set the encoder to H.264 (AVC)")
    if len(payload) < VIDEO_HEADER_BYTES:
        raise ProtocolFault("H.264 video message cut short")
    kind = payload[1]
    if kind > END_OF_SEQUENCE:
        raise ProtocolFault(f"H.264 packet type {kind} does not exist")
    offset = int.from_bytes(payload[2:5], "big")
    return VideoTag(kind, frame == _KEY_FRAME, offset - 0x1000000 if offset & 0x800000 else offset)


def parse_audio(payload: bytes) -> int:
    """CONFIG or FRAME of an audio message, -1 for an empty one. Raises Refused for another codec than AAC."""
    if not payload:
        return -1  # some encoders open with an empty audio message
    codec = payload[0] >> 4
    if codec == 9:
        fourcc = payload[1:5].decode("ascii", "replace")
        raise Refused(UNSUPPORTED_CODEC, f"enhanced-RTMP audio '{fourcc}' is not supported; set the encoder to AAC")
    if codec != _AAC:
        name = _AUDIO_CODECS.get(codec, f"codec {codec}")
        raise Refused(UNSUPPORTED_CODEC, f"audio in {name} is not supported; set the encoder to AAC")
    if len(payload) < AUDIO_HEADER_BYTES:
        raise ProtocolFault("AAC audio message cut short")
    return CONFIG if payload[1] == CONFIG else FRAME


def tag(kind: int, timestamp_ms: int, payload: bytes) -> bytes:
    """One FLV tag followed by its PreviousTagSize. The time wraps at 2**32 ms (49 days), as players expect."""
    size = len(payload)
    head = _TAG.pack(
        kind, size >> 16, size & 0xFFFF, (timestamp_ms >> 16) & 0xFF, timestamp_ms & 0xFFFF, (timestamp_ms >> 24) & 0xFF
    )
    return b"".join((head, payload, (size + 11).to_bytes(4, "big")))
