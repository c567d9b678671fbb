"""Cut a stream at the media engine. Runs after the broadcast was ended, so that nobody is let in again."""

from __future__ import annotations

from uuid import UUID

import httpx

from kaibo.kernel.config import Settings
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

ANSWER_SECONDS_MAX = 2.0


async def kick(settings: Settings, room_id: UUID, reason: str) -> bool:
    """True where the engine has cut it. An external engine is told by its own next question: the room has no broadcast."""
    url = f"http://127.0.0.1:{settings.media_port}/control/kick"
    try:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
            answer = await client.post(
                url,
                json={"stream": room_id.hex, "reason": reason},
                headers={"Authorization": f"Bearer {settings.hook_secret}"},
            )
    except httpx.HTTPError as wrong:
        log.error("stream.not_cut", room_id=str(room_id), error=repr(wrong))
        return False
    log.warning("stream.cut", room_id=str(room_id), status=answer.status_code)
    return answer.status_code == 200
