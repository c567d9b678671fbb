"""A message for every endpoint that listens. Runs once an event (kernel/reactions.py): one row an endpoint, whatever is killed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.events import Event
from kaibo.kernel.ids import new_id
from kaibo.open.webhooks.published import Published, envelope
from kaibo.open.webhooks.tables import deliveries, endpoints, messages


async def enqueue(db: Db, published: Published, event: Event) -> None:
    """Write the message and its deliveries; nothing where nobody listens."""
    e = endpoints
    listening = (e.c.state == "on") & e.c.event_types.contains([published.name])
    if (await db.execute(select(e.c.id).where(listening).limit(1))).first() is None:
        return
    told = await published.tell(db, event)
    if told is None:
        return
    theirs = or_(e.c.shop_id.is_(None), e.c.shop_id == told.shop_id)
    # Shared: an endpoint that is being switched off or removed waits for this, and then ends what was written here.
    found = select(e.c.id).where(listening, theirs).order_by(e.c.id).with_for_update(read=True)
    ids = (await db.execute(found)).scalars().all()
    if ids:
        await write_message(db, published.name, envelope(published.name, told.data), ids)


async def write_message(db: Db, type_: str, body: str, endpoint_ids: Sequence[UUID]) -> list[UUID]:
    """One message, due now at every endpoint. Returns the deliveries' ids, in the order of the endpoints."""
    message_id, now = new_id(), clock.now()
    await db.execute(messages.insert().values(id=message_id, type=type_, body=body))
    rows = [
        {
            "id": new_id(),
            "message_id": message_id,
            "endpoint_id": endpoint_id,
            "type": type_,
            "state": "waiting",
            "tries": 0,
            "next_at": now,
            "created_at": now,
        }
        for endpoint_id in endpoint_ids
    ]
    await db.execute(insert(deliveries), rows)
    return [UUID(str(row["id"])) for row in rows]
