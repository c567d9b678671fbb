"""Every change of a plan leaves an entry: who, what, when."""

from __future__ import annotations

from uuid import UUID

from kaibo.goods.affiliate.tables import plan_entries
from kaibo.kernel.db import Db


async def note_plan(db: Db, plan_id: UUID, what: str, actor_id: UUID, **facts: object) -> None:
    """`what` is a key the desk has words for: created, rate_set, stopped, invited, accepted, declined, removed."""
    said = {name: str(value) for name, value in facts.items() if value is not None}
    await db.execute(plan_entries.insert().values(plan_id=plan_id, what=what, facts=said, actor_id=actor_id))
