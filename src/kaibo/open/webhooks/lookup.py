"""Reads of endpoints and deliveries. `owner` is a shop's id, None for the platform."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.open.contracts import DeliveryMissing, EndpointMissing
from kaibo.open.webhooks.model import (
    Attempt,
    Delivery,
    DeliveryInFull,
    DeliveryState,
    Endpoint,
    Secrets,
    spell_message_id,
)
from kaibo.open.webhooks.tables import attempts, deliveries, endpoints, messages
from kaibo.people import facade as people

SEAL = "webhook secret"
_PLAIN = ("id", "shop_id", "url", "description", "state", "disabled_why", "failing_since", "created_at")


async def endpoints_of(db: Db, owner: UUID | None) -> list[Endpoint]:
    """Oldest first; at most ENDPOINTS_MAX."""
    e = endpoints
    mine = e.c.shop_id.is_not_distinct_from(owner) & (e.c.state != "removed")
    return [endpoint_view(row) for row in await db.execute(select(e).where(mine).order_by(e.c.id))]


async def endpoint_row(db: Db, owner: UUID | None, endpoint_id: UUID, *, lock: bool = False) -> Any:
    """Raises EndpointMissing, also for somebody else's."""
    e = endpoints
    mine = e.c.shop_id.is_not_distinct_from(owner) & (e.c.state != "removed") & (e.c.id == endpoint_id)
    query = select(e).where(mine)
    row = (await db.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise EndpointMissing(id=str(endpoint_id))
    return row


def endpoint_view(row: Any) -> Endpoint:
    living = row.old_secret_until if row.old_secret_until and row.old_secret_until > clock.now() else None
    plain = {name: getattr(row, name) for name in _PLAIN}
    return Endpoint(**plain, event_types=tuple(row.event_types), old_secret_until=living)


def secrets_of(row: Any) -> Secrets:
    """The endpoint's secrets, opened."""
    secret = people.unseal_secret(row.secret_sealed, SEAL)
    if row.old_secret_sealed is None or row.old_secret_until <= clock.now():
        return Secrets(secret, None, None)
    return Secrets(secret, people.unseal_secret(row.old_secret_sealed, SEAL), row.old_secret_until)


async def deliveries_of(
    db: Db, endpoint_id: UUID, *, state: DeliveryState | None, type_: str | None, before: UUID | None, limit: int
) -> list[Delivery]:
    """Newest first."""
    d = deliveries
    query = select(d).where(d.c.endpoint_id == endpoint_id).order_by(d.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(d.c.state == state)
    if type_ is not None:
        query = query.where(d.c.type == type_)
    rows = await db.execute(query.where(d.c.id < before) if before else query)
    return [delivery_view(row) for row in rows]


async def delivery_in_full(db: Db, endpoint_id: UUID, delivery_id: UUID) -> DeliveryInFull:
    """Raises DeliveryMissing."""
    d, m, a = deliveries, messages, attempts
    here = (d.c.endpoint_id == endpoint_id) & (d.c.id == delivery_id)
    row = (await db.execute(select(d, m.c.body).join(m, m.c.id == d.c.message_id).where(here))).first()
    if row is None:
        raise DeliveryMissing(id=str(delivery_id))
    tried = await db.execute(select(a).where(a.c.delivery_id == delivery_id).order_by(a.c.id.desc()))
    made = tuple(Attempt(t.at, t.status, t.error, t.response_head, t.duration_ms) for t in tried)
    return DeliveryInFull(delivery_view(row), row.body, made)


def delivery_view(row: Any) -> Delivery:
    plain = ("id", "type", "state", "tries", "next_at", "last_status", "last_error", "created_at", "ended_at")
    return Delivery(message_id=spell_message_id(row.message_id), **{name: getattr(row, name) for name in plain})
