"""Every change of someone's standing leaves an entry: who, what, why, when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.people.accounts import tables


async def note_standing(
    db: Db, person_id: UUID, what: str, *, actor_id: UUID | None, why: str = "", **facts: Any
) -> None:
    """Append an entry; `actor_id` is None for what the system did by itself."""
    await db.execute(
        tables.standing.insert().values(
            person_id=person_id, actor_id=actor_id, what=what, why=why, facts={k: str(v) for k, v in facts.items()}
        )
    )
