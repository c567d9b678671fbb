"""Where a room's pictures are."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel.config import Settings
from kaibo.stage.secret import play_token
from kaibo.stage.wire import PlaybackWire


def playback(settings: Settings, room_id: UUID, *, scheme: str, host: str, rehearsal: bool = False) -> PlaybackWire:
    """`scheme` and `host` are those of the page. A rehearsal's addresses carry a token that is good for an hour."""
    page = f"[{host}]" if ":" in host else host
    base = (settings.media_public_url or f"{scheme}://{page}:{settings.media_port}").rstrip("/")
    token = f"?token={play_token(room_id)}" if rehearsal else ""
    return PlaybackWire(
        flv_url=f"{base}/live/{room_id.hex}.flv{token}", hls_url=f"{base}/live/{room_id.hex}/index.m3u8{token}"
    )
