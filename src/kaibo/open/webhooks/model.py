"""Endpoints and deliveries as the rest of the wing sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

EndpointState = Literal["on", "off", "disabled"]
DeliveryState = Literal["waiting", "delivered", "failed"]


@dataclass(frozen=True)
class Endpoint:
    """`shop_id` None: the platform's. `disabled_why` is "failing" (for days) or "gone" (the receiver answered 410)."""

    id: UUID
    shop_id: UUID | None
    url: str
    description: str
    event_types: tuple[str, ...]
    state: EndpointState
    disabled_why: str | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Secrets:
    """`old` is still signed with until `old_until`, so that a receiver can change over without losing a call."""

    secret: str
    old: str | None
    old_until: datetime | None


@dataclass(frozen=True)
class Attempt:
    at: datetime
    status: int | None
    error: str | None
    response_head: str
    duration_ms: int


@dataclass(frozen=True)
class Delivery:
    """`message_id` is the webhook-id that the receiver sees; the same in every attempt and replay."""

    id: UUID
    message_id: str
    type: str
    state: DeliveryState
    tries: int
    next_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class DeliveryInFull:
    delivery: Delivery
    body: str
    attempts: tuple[Attempt, ...]


def spell_message_id(message_id: UUID) -> str:
    return f"msg_{message_id.hex}"
