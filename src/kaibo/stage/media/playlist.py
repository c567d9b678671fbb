"""LL-HLS playlists as text (RFC 8216bis, sections 4.4 and 6.2.5). Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kaibo.stage.media.codecs import AudioConfig, VideoConfig
from kaibo.stage.media.packager import PART_TARGET_OVER, Segment

PARTS_SHOWN_TARGETS = 3
"""Parts are listed this many target durations back from the live edge; older segments only whole."""
HOLD_BACK_TARGETS = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Edge:
    """The newest thing in a playlist: parts exist up to but without `part` of segment `number`."""

    number: int
    part: int


def edge(segments: Sequence[Segment]) -> Edge:
    """The next part to come."""
    if not segments:
        return Edge(0, 0)
    last = segments[-1]
    return Edge(last.number + 1, 0) if last.complete else Edge(last.number, len(last.parts))


def multivariant(
    video: VideoConfig, audio: AudioConfig | None, frame_rate: float, bitrate_bps: int, media_uri: str
) -> bytes:
    """The entry playlist: one variant, so that players know codecs and size before they fetch."""
    codecs = ",".join(config.codec for config in (video, audio) if config is not None)
    return (
        "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        f"#EXT-X-STREAM-INF:BANDWIDTH={bitrate_bps},RESOLUTION={video.width}x{video.height},"
        f'FRAME-RATE={frame_rate:.3f},CODECS="{codecs}"\n{media_uri}\n'
    ).encode()


def media(
    segments: Sequence[Segment],
    *,
    epoch: str,
    part_ms: int,
    target_ms: float,
    shown: int,
    clock_zero_ms: int,
    ended: bool,
) -> bytes:
    """The media playlist of the last `shown` complete segments and the growing one.

    `clock_zero_ms` is the Unix time of the stream's millisecond 0. URIs are relative to the playlist.
    """
    growing = bool(segments) and not segments[-1].complete
    listed = segments[-(shown + growing) :]
    part_target = part_ms * PART_TARGET_OVER / 1_000
    target_seconds = math.ceil(round(target_ms) / 1_000)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{target_seconds}",
        f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={part_target * HOLD_BACK_TARGETS:.3f},"
        f"HOLD-BACK={target_seconds * HOLD_BACK_TARGETS:.1f}",
        f"#EXT-X-PART-INF:PART-TARGET={part_target:.3f}",
        f"#EXT-X-MEDIA-SEQUENCE:{listed[0].number if listed else 0}",
    ]
    if listed and listed[0].breaks - listed[0].discontinuity:
        lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{listed[0].breaks - listed[0].discontinuity}")
    end_ms = listed[-1].start_ms + listed[-1].duration_ms if listed else 0
    parts_from_ms = end_ms - PARTS_SHOWN_TARGETS * target_seconds * 1_000
    init = -1
    for segment in listed:
        if segment.discontinuity:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.init != init:
            init = segment.init
            lines.append(f'#EXT-X-MAP:URI="init-{epoch}-{init}.mp4"')
        _segment_lines(lines, segment, epoch, clock_zero_ms, not ended and segment.start_ms >= parts_from_ms)
    if ended:
        lines.append("#EXT-X-ENDLIST")
    else:
        following = edge(segments)
        lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-{epoch}-{following.number}-{following.part}.mp4"')
    lines.append("")
    return "\n".join(lines).encode()


def _segment_lines(lines: list[str], segment: Segment, epoch: str, clock_zero_ms: int, with_parts: bool) -> None:
    when = _EPOCH + timedelta(milliseconds=clock_zero_ms + segment.start_ms)
    lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1_000:03d}Z")
    if with_parts or not segment.complete:
        for index, part in enumerate(segment.parts):
            independent = ",INDEPENDENT=YES" if part.independent else ""
            uri = f"part-{epoch}-{segment.number}-{index}.mp4"
            lines.append(f'#EXT-X-PART:DURATION={part.duration_ms / 1_000:.5f},URI="{uri}"{independent}')
    if segment.complete:
        lines.append(f"#EXTINF:{segment.duration_ms / 1_000:.5f},")
        lines.append(f"seg-{epoch}-{segment.number}.mp4")
