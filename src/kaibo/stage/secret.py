"""Secrets of the stage, derived from the media hook secret: one installation secret, one label a purpose (RFC 5869's idea)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

from kaibo.kernel import clock, context

PLAY_TOKEN_SECONDS = 3_600
_PLAY_MAC_CHARS = 32


def _mac(purpose: str, *parts: str) -> bytes:
    secret = context.settings().hook_secret
    if not secret:
        raise RuntimeError("hook_secret is empty: the entry point must make one before the stage starts")
    key = hmac.new(secret.encode(), f"kaibo.stage.{purpose}".encode(), hashlib.sha256).digest()
    return hmac.new(key, "|".join(parts).encode(), hashlib.sha256).digest()


def stream_key(room_id: UUID, generation: int) -> str:
    """The room's stream key of this generation: 32 characters that a host can paste. Never stored, only its hash is."""
    return base64.b32encode(_mac("stream-key", str(room_id), str(generation))[:20]).decode().lower()


def key_hash(key: str) -> str:
    """What is stored of a stream key (160 bits of randomness need no slow hash)."""
    return hashlib.sha256(key.encode()).hexdigest()


def person_ref(room_id: UUID, person_id: UUID) -> str:
    """A person as the room's crew may point at them: the same within a room, unlinkable between rooms."""
    return base64.urlsafe_b64encode(_mac("person-ref", str(room_id), str(person_id))[:12]).decode()


def play_token(room_id: UUID) -> str:
    """Lets a crew member watch the rehearsal for an hour."""
    until = clock.epoch_ms() // 1000 + PLAY_TOKEN_SECONDS
    return f"{until}-{_mac('play', str(room_id), str(until)).hex()[:_PLAY_MAC_CHARS]}"


def play_token_good(room_id: UUID, token: str) -> bool:
    until, _, mac = token.partition("-")
    if not until.isascii() or not until.isdigit() or len(until) > 12 or int(until) < clock.epoch_ms() // 1000:
        return False
    return hmac.compare_digest(_mac("play", str(room_id), until).hex()[:_PLAY_MAC_CHARS], mac)


def hook_secret_good(offered: str) -> bool:
    secret = context.settings().hook_secret
    return bool(secret) and hmac.compare_digest(secret.encode(), offered.encode("utf-8", "replace"))
