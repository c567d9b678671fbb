"""Every figure the media engine obeys, with its unit in the name. A wrong value stops the start and says why."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

PORT_MAX = 65_535

# field -> (least, most) that make sense; ports may be 0 (any free port).
_BOUNDS: dict[str, tuple[float, float]] = {
    "rtmp_port": (0, PORT_MAX),
    "http_port": (0, PORT_MAX),
    "part_ms": (100, 1_000),
    "segment_ms": (500, 10_000),
    "segment_ms_max": (1_000, 30_000),
    "playlist_segments": (3, 60),
    "reconnect_grace_seconds": (0, 600),
    "ended_keep_seconds": (0, 600),
    "gop_cache_bytes_max": (64 * KIB, 256 * MIB),
    "gop_ms_max": (500, 60_000),
    "bitrate_kbps_max": (100, 200_000),
    "publishers_max": (1, 10_000),
    "rtmp_connections_max": (1, 20_000),
    "viewers_max": (1, 1_000_000),
    "viewers_per_stream_max": (1, 1_000_000),
    "viewer_queue_bytes_max": (64 * KIB, 256 * MIB),
    "viewer_stall_seconds": (1, 600),
    "handshake_seconds": (0.1, 60),
    "publisher_stall_seconds": (0.5, 60),
    "publisher_idle_seconds": (1, 600),
    "first_keyframe_seconds": (1, 120),
    "chunk_bytes_max": (128, 16 * MIB),
    "message_bytes_max": (64 * KIB, 16 * MIB),
    "hook_timeout_seconds": (0.1, 60),
    "hook_queue_max": (10, 1_000_000),
    "stats_seconds": (0.2, 60),
    "record_segment_seconds": (1, 86_400),
    "record_min_free_bytes": (0, 1 << 60),
    "record_buffer_bytes_max": (1 * MIB, 4 * GIB),
    "record_retry_seconds": (0.1, 3_600),
}


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Configuration of one media process. Raises ValueError naming the field, the value and what is allowed."""

    hook_url: str
    hook_secret: str
    record_dir: Path

    rtmp_host: str = "127.0.0.1"
    rtmp_port: int = 1935
    http_host: str = "127.0.0.1"
    http_port: int = 8085
    app: str = "live"
    """RTMP application name: the last part of rtmp://host:port/live."""
    vhost: str = "__defaultVhost__"
    """Reported to the hook as SRS does; the engine has one virtual host."""
    cors_origins: tuple[str, ...] = ()
    """Origins of pages that may play, for example https://shop.example; "*" allows every page."""

    part_ms: int = 200
    segment_ms: int = 2_000
    """A segment ends at the first keyframe after this long."""
    segment_ms_max: int = 6_000
    """A segment ends here even without a keyframe."""
    playlist_segments: int = 6
    reconnect_grace_seconds: float = 15
    """How long viewers wait for a publisher that went away before the stream ends."""
    ended_keep_seconds: float = 30
    """How long an ended playlist stays readable, so that every player sees its end."""

    gop_cache_bytes_max: int = 8 * MIB
    gop_ms_max: int = 10_000
    """A longer keyframe interval is reported to the crew: joining viewers would wait that long."""
    bitrate_kbps_max: int = 12_000
    publishers_max: int = 200
    rtmp_connections_max: int = 400
    viewers_max: int = 5_000
    viewers_per_stream_max: int = 2_000
    viewer_queue_bytes_max: int = 4 * MIB
    viewer_stall_seconds: float = 10

    handshake_seconds: float = 5
    """Time from the TCP connection to a publish command."""
    publisher_stall_seconds: float = 3
    publisher_idle_seconds: float = 10
    first_keyframe_seconds: float = 10
    chunk_bytes_max: int = MIB
    message_bytes_max: int = 4 * MIB

    hook_timeout_seconds: float = 3
    hook_queue_max: int = 10_000
    stats_seconds: float = 2

    record_segment_seconds: float = 3_600
    record_min_free_bytes: int = GIB
    record_buffer_bytes_max: int = 64 * MIB
    """Recording that waits for a slow disk; beyond it the recording stops, never the broadcast."""
    record_retry_seconds: float = 5

    def __post_init__(self) -> None:
        for field in fields(self):
            bounds = _BOUNDS.get(field.name)
            if bounds is None:
                continue
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not bounds[0] <= value <= bounds[1]:
                raise ValueError(
                    f"media setting {field.name} is {value!r}; allowed is a number from {bounds[0]:g} to {bounds[1]:g}"
                )
        hook = urlsplit(self.hook_url)
        if hook.scheme not in ("http", "https") or not hook.hostname:
            raise ValueError(f"media setting hook_url is {self.hook_url!r}; allowed is an http:// or https:// address")
        if len(self.hook_secret) < 16 or not self.hook_secret.isascii() or not self.hook_secret.isprintable():
            raise ValueError("media setting hook_secret is too weak; allowed are 16 or more printable ASCII characters")
        if not self.app or not self.app.replace("_", "").replace("-", "").isalnum():
            raise ValueError(f"media setting app is {self.app!r}; allowed are letters, digits, '_' and '-'")
        if self.segment_ms_max < self.segment_ms:
            raise ValueError(
                f"media setting segment_ms_max is {self.segment_ms_max}; allowed is segment_ms "
                f"({self.segment_ms}) or more"
            )
        if self.publisher_idle_seconds <= self.publisher_stall_seconds:
            raise ValueError(
                f"media setting publisher_idle_seconds is {self.publisher_idle_seconds:g}; allowed is more than "
                f"publisher_stall_seconds ({self.publisher_stall_seconds:g})"
            )
