"""Reads of real names; numbers leave this room masked only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel import clock, config
from kaibo.kernel.db import Db
from kaibo.people import keys
from kaibo.people.contracts import RealnameId
from kaibo.people.realname import rules
from kaibo.people.realname.tables import realnames

SEAL_NAME = "real name"
SEAL_NUMBER = "id number"


@dataclass(frozen=True)
class Submission:
    """What a reviewer sees."""

    id: RealnameId
    person_id: UUID
    name_masked: str
    id_masked: str
    submitted_at: datetime
    state: str


async def standing(db: Db, person_id: UUID) -> rules.Standing:
    """Whether this person's real name is verified, how long it stays fresh, or why it was refused."""
    t = realnames
    rows = await db.execute(
        select(t.c.state, t.c.submitted_at, t.c.decided_at, t.c.reason).where(
            t.c.person_id == person_id, t.c.state.in_(("pending", "verified", "refused"))
        )
    )
    records = [rules.Record(row.state, row.submitted_at, row.decided_at, row.reason) for row in rows]
    return rules.standing_of(records, clock.now(), config.current().identity_fresh_days)


async def submissions_in(db: Db, state: str, after: UUID | None, limit: int) -> list[Submission]:
    """Submissions in a state, oldest first."""
    t = realnames
    found = select(t).where(t.c.state == state).order_by(t.c.id).limit(limit)
    rows = (await db.execute(found.where(t.c.id > after) if after else found)).all()
    return [
        Submission(
            id=RealnameId(row.id),
            person_id=row.person_id,
            name_masked=rules.mask_name(keys.unseal(row.name_sealed, SEAL_NAME)),
            id_masked=rules.mask_number(keys.unseal(row.number_sealed, SEAL_NUMBER)),
            submitted_at=row.submitted_at,
            state=row.state,
        )
        for row in rows
    ]
