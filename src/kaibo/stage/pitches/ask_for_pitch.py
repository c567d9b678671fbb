"""A viewer asks the host to pitch an item (求讲解)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.stage.bag import lookup as bag
from kaibo.stage.broadcasts.lookup import Broadcast
from kaibo.stage.pitches.tables import pitch_requests


async def ask_for_pitch(db: Db, on: Broadcast, item_id: UUID, viewer_id: UUID) -> bool:
    """One open request a viewer and item; False where it was there already. Raises BagItemMissing."""
    item = await bag.item(db, on.id, item_id)
    row = insert(pitch_requests).values(id=new_id(), broadcast_id=on.id, item_id=item.id, viewer_id=viewer_id)
    made = await db.execute(row.on_conflict_do_nothing().returning(pitch_requests.c.id))
    return made.first() is not None
