"""What happens to identities when an account is closed, and when the law no longer asks for them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select, update

from kaibo.kernel.db import Db
from kaibo.people.realname.tables import realnames


async def close_realname(db: Db, person_id: UUID) -> bool:
    """Keep a closed account's identities, but let them stand for nobody. Returns whether there are any."""
    t = realnames
    await db.execute(update(t).where(t.c.person_id == person_id, t.c.state != "refused").values(state="closed"))
    return (await db.execute(select(t.c.id).where(t.c.person_id == person_id).limit(1))).first() is not None


async def forget_realname(db: Db, person_id: UUID) -> None:
    """Delete every identity of a closed account."""
    await db.execute(delete(realnames).where(realnames.c.person_id == person_id))
