"""The door to a room's frames: a NATS user token that may subscribe to this room and nothing else."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.config import Settings
from kaibo.kernel.engines.nats_auth import mint_user
from kaibo.stage.live import subjects
from kaibo.stage.wire import EventsWire

TOKEN_SECONDS = 3_600


def open_door(settings: Settings, room_id: UUID, *, scheme: str, host: str, crew: bool) -> EventsWire:
    """`scheme` and `host` are those of the page. Publishing is denied; the connection closes when the token expires."""
    allowed = [subjects.tick(room_id), subjects.ctl(room_id)]
    if crew:
        allowed.append(subjects.crew(room_id))
    jwt, _ = mint_user(
        settings.nats_account_seed,
        name="crew" if crew else "viewer",
        subscribe=allowed,
        publish=[],
        expires_in_seconds=TOKEN_SECONDS,
        bearer=True,
    )
    derived = f"{'wss' if scheme == 'https' else 'ws'}://{_bracketed(host)}:{settings.nats_websocket_port}"
    return EventsWire(
        url=settings.nats_websocket_url or derived,
        jwt=jwt,
        subjects=allowed,
        expires_at=clock.now() + timedelta(seconds=TOKEN_SECONDS),
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
