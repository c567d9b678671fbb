"""What of the bag a viewer was shown, clicked, and went to buy."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.stage.bag import lookup as bag
from kaibo.stage.broadcasts.lookup import open_broadcast
from kaibo.stage.viewers import lookup
from kaibo.stage.viewers.tables import item_views


async def notice_items(
    db: Db, room_id: UUID, watch_id: UUID, *, shown: Sequence[UUID], clicked: Sequence[UUID], buying: UUID | None
) -> bag.BagItem | None:
    """The item somebody went to buy for the first time, else None. A click is a showing, going to buy is a click.

    Items that are not in the bag (any more) are passed over; outside a live broadcast nothing is counted. Raises WatchMissing.
    """
    watch = await lookup.watch(db, room_id, watch_id)
    on = await open_broadcast(db, room_id)
    if on is None or on.state != "live":
        return None
    there = {i.id: i for i in await bag.items(db, on.id)}
    bought = {buying} & there.keys() if buying else set()
    clicks = (set(clicked) & there.keys()) | bought
    now = clock.now()
    rows = [
        {
            "item_id": item_id,
            "viewer_id": watch.viewer_id,
            "broadcast_id": on.id,
            "shown_at": now,
            "clicked_at": now if item_id in clicks else None,
            "buying_at": now if item_id in bought else None,
        }
        # in one order everywhere, so that two calls of one viewer cannot lock each other out
        for item_id in sorted((set(shown) & there.keys()) | clicks)
    ]
    if not rows:
        return None
    row = insert(item_views).values(rows)
    first = {name: func.coalesce(item_views.c[name], row.excluded[name]) for name in ("clicked_at", "buying_at")}
    stored = await db.execute(
        row.on_conflict_do_update(index_elements=["item_id", "viewer_id"], set_=first).returning(
            item_views.c.item_id, item_views.c.buying_at
        )
    )
    fresh = [item_id for item_id, buying_at in stored if item_id in bought and buying_at == now]
    return there[fresh[0]] if fresh else None
