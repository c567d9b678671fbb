"""Change an endpoint, switch it on or off, give it a new secret, remove it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.open.webhooks import rules
from kaibo.open.webhooks.lookup import SEAL, endpoint_row, endpoint_view, secrets_of
from kaibo.open.webhooks.model import Endpoint, Secrets
from kaibo.open.webhooks.open_endpoint import check_types, check_url, in_order, new_secret
from kaibo.open.webhooks.tables import deliveries, endpoints
from kaibo.people import facade as people


async def change_endpoint(
    db: Db,
    owner: UUID | None,
    endpoint_id: UUID,
    *,
    url: str | None = None,
    description: str | None = None,
    event_types: Sequence[str] | None = None,
    state: Literal["on", "off"] | None = None,
) -> Endpoint:
    """None leaves a member as it is. Switching on forgives earlier failures. Raises EndpointMissing, BadUrl, EventTypeUnknown."""
    row = await endpoint_row(db, owner, endpoint_id, lock=True)
    values: dict[str, Any] = {}
    if url is not None:
        check_url(url)
        values["url"] = url
    if description is not None:
        values["description"] = description
    if event_types is not None:
        check_types(owner, event_types)
        values["event_types"] = in_order(event_types)
    if state is not None and state != row.state:
        values |= {"state": state, "disabled_why": None, "failing_since": None}
        if state == "off":
            await end_waiting(db, endpoint_id)
    if values:
        await db.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(**values))
    return endpoint_view(await endpoint_row(db, owner, endpoint_id))


async def remove_endpoint(db: Db, owner: UUID | None, endpoint_id: UUID) -> None:
    """Nothing more is sent to it; its log stays for as long as logs are kept. Raises EndpointMissing."""
    await endpoint_row(db, owner, endpoint_id, lock=True)
    await db.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(state="removed"))
    await end_waiting(db, endpoint_id)


async def rotate_secret(db: Db, owner: UUID | None, endpoint_id: UUID) -> Secrets:
    """A new secret; for OLD_SECRET_HOURS every call carries a signature with the old one too. Raises EndpointMissing."""
    row = await endpoint_row(db, owner, endpoint_id, lock=True)
    until = clock.now() + timedelta(hours=rules.OLD_SECRET_HOURS)
    values = {
        "secret_sealed": people.seal_secret(new_secret(), SEAL),
        "old_secret_sealed": row.secret_sealed,
        "old_secret_until": until,
    }
    await db.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(**values))
    return secrets_of(await endpoint_row(db, owner, endpoint_id))


async def end_waiting(db: Db, endpoint_id: UUID) -> None:
    """What was still to be sent has failed; a replay brings it back."""
    d = deliveries
    waiting = (d.c.endpoint_id == endpoint_id) & (d.c.state == "waiting")
    ended = {"state": "failed", "next_at": None, "last_error": "endpoint switched off", "ended_at": clock.now()}
    await db.execute(update(d).where(waiting).values(**ended))
