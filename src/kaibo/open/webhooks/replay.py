"""Send again: one delivery, everything that failed since a time, or a test."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.open.contracts import EndpointOff
from kaibo.open.webhooks import rules
from kaibo.open.webhooks.enqueue import write_messages
from kaibo.open.webhooks.lookup import delivery_in_full, endpoint_row
from kaibo.open.webhooks.model import DeliveryInFull
from kaibo.open.webhooks.published import TEST_TYPE, TestData, envelope
from kaibo.open.webhooks.tables import deliveries


async def replay_one(db: Db, owner: UUID | None, endpoint_id: UUID, delivery_id: UUID) -> DeliveryInFull:
    """Due now, with the whole schedule before it; the receiver sees the same webhook-id.

    Raises EndpointMissing, DeliveryMissing, EndpointOff. One that is waiting comes at once.
    """
    await _require_on(db, owner, endpoint_id)
    await delivery_in_full(db, endpoint_id, delivery_id)
    await db.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**_due()))
    return await delivery_in_full(db, endpoint_id, delivery_id)


async def replay_failed(db: Db, owner: UUID | None, endpoint_id: UUID, since: datetime) -> int:
    """Everything that failed and was written since then, at most REPLAY_MAX, oldest first; returns how many.

    Raises EndpointMissing, EndpointOff.
    """
    await _require_on(db, owner, endpoint_id)
    d = deliveries
    failed = (d.c.endpoint_id == endpoint_id) & (d.c.state == "failed") & (d.c.created_at >= since)
    chosen = select(d.c.id).where(failed).order_by(d.c.id).limit(rules.REPLAY_MAX).with_for_update(skip_locked=True)
    done = await db.execute(update(d).where(d.c.id.in_(chosen)).values(**_due()).returning(d.c.id))
    return len(done.all())


async def send_test(db: Db, owner: UUID | None, endpoint_id: UUID) -> DeliveryInFull:
    """A message of type webhook.test for this endpoint only. Raises EndpointMissing, EndpointOff."""
    await _require_on(db, owner, endpoint_id)
    body = envelope(TEST_TYPE, TestData(endpoint_id=endpoint_id, at=clock.now()))
    made = await write_messages(db, TEST_TYPE, [(body, [endpoint_id])])
    return await delivery_in_full(db, endpoint_id, made[0])


async def _require_on(db: Db, owner: UUID | None, endpoint_id: UUID) -> None:
    row = await endpoint_row(db, owner, endpoint_id)
    if row.state != "on":
        raise EndpointOff(state=row.state)


def _due() -> dict[str, Any]:
    return {"state": "waiting", "tries": 0, "next_at": clock.now(), "ended_at": None}
