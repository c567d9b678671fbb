"""The media process: `kaibo media`. RTMP in; HTTP-FLV, LL-HLS and the recording out."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from kaibo import house
from kaibo.kernel import telemetry
from kaibo.kernel.config import Settings
from kaibo.stage.media.server import serve as serve_media
from kaibo.stage.media.settings import MediaSettings

RECORDINGS = "recordings"


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run the media engine of these settings until told to stop. It needs neither PostgreSQL nor NATS, only the web's hook."""
    telemetry.configure(settings, "media")
    await serve_media(engine_settings(settings), stop=stop)


def engine_settings(settings: Settings) -> MediaSettings:
    """The media engine's own settings out of Kaibo's."""
    page = urlsplit(settings.public_url)
    return MediaSettings(
        hook_url=settings.media_hook_url or f"http://127.0.0.1:{settings.port}/api/media/hooks",
        hook_secret=settings.hook_secret or house.hook_secret(settings.data_dir),
        # Not under blobs: what is still being written, a rehearsal perhaps, is not served.
        record_dir=settings.data_dir / RECORDINGS,
        rtmp_host=settings.rtmp_host,
        rtmp_port=settings.rtmp_port,
        http_host=settings.host,
        http_port=settings.media_port,
        # Playback carries no cookie, so any page may play where the installation has not said which page is its own.
        cors_origins=(f"{page.scheme}://{page.netloc}",) if page.netloc else ("*",),
        record_segment_seconds=settings.record_segment_seconds,
        record_min_free_bytes=settings.record_min_free_bytes,
    )
