"""A message for every endpoint that listens. Runs once an event (kernel/reactions.py): one row an endpoint, whatever is killed."""

from __future__ import annotations

from collections import defaultdict
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
    theirs = or_(e.c.shop_id.is_(None), e.c.shop_id.in_({one.shop_id for one in told}))
    # Shared: an endpoint that is being switched off or removed waits for this, and then ends what was written here.
    found = select(e.c.id, e.c.shop_id).where(listening, theirs).order_by(e.c.id).with_for_update(read=True)
    of_platform, of_shop = list[UUID](), defaultdict[UUID, list[UUID]](list)
    for endpoint_id, shop_id in await db.execute(found):
        (of_platform if shop_id is None else of_shop[shop_id]).append(endpoint_id)
    listeners = [(one, of_platform + (of_shop[one.shop_id] if one.shop_id else [])) for one in told]
    await write_messages(
        db, published.name, [(envelope(published.name, one.data), ids) for one, ids in listeners if ids]
    )


async def write_messages(db: Db, type_: str, what: Sequence[tuple[str, Sequence[UUID]]]) -> list[UUID]:
    """Messages of (body, endpoints), due now at every endpoint. Returns the deliveries' ids, in that order."""
    if not what:
        return []
    now = clock.now()
    written = [{"id": new_id(), "type": type_, "body": body} for body, _ in what]
    await db.execute(insert(messages), written)
    rows = [
        {
            "id": new_id(),
            "message_id": message["id"],
            "endpoint_id": endpoint_id,
            "type": type_,
            "state": "waiting",
            "tries": 0,
            "next_at": now,
            "created_at": now,
        }
        for message, (_, endpoint_ids) in zip(written, what, strict=True)
        for endpoint_id in endpoint_ids
    ]
    await db.execute(insert(deliveries), rows)
    return [UUID(str(row["id"])) for row in rows]
