"""A reviewer, or the provider, decides about a real name."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.people.accounts.standing import note_standing
from kaibo.people.contracts import (
    AlreadyDecided,
    IdentityTaken,
    OwnCase,
    RealnameDecided,
    RealnameMissing,
    ReasonMissing,
)
from kaibo.people.realname.tables import realnames


async def decide_realname(db: Db, reviewer_id: UUID, realname_id: UUID, *, approve: bool, reason: str) -> None:
    """Raises RealnameMissing, AlreadyDecided, OwnCase, ReasonMissing, IdentityTaken."""
    row = (await db.execute(select(realnames).where(realnames.c.id == realname_id).with_for_update())).first()
    if row is None:
        raise RealnameMissing(id=str(realname_id))
    if row.state != "pending":
        raise AlreadyDecided(state=row.state)
    if row.person_id == reviewer_id:
        raise OwnCase()
    if not approve and not reason:
        raise ReasonMissing()
    await settle_verdict(db, row.person_id, realname_id, row.number_hmac, reviewer_id, approve=approve, reason=reason)


async def settle_verdict(
    db: Db,
    person_id: UUID,
    realname_id: UUID,
    number_hmac: bytes,
    reviewer_id: UUID | None,
    *,
    approve: bool,
    reason: str,
) -> None:
    """Write the verdict; an earlier verification of the same person is superseded by a new one."""
    t = realnames
    if approve:
        await db.execute(
            update(t).where(t.c.person_id == person_id, t.c.state == "verified").values(state="superseded")
        )
        elsewhere = select(t.c.id).where(t.c.number_hmac == number_hmac, t.c.state == "verified")
        if (await db.execute(elsewhere)).first():
            raise IdentityTaken()
    state = "verified" if approve else "refused"
    await db.execute(
        update(t)
        .where(t.c.id == realname_id)
        .values(state=state, reason=reason or None, decided_at=clock.now(), decided_by=reviewer_id)
    )
    await note_standing(db, person_id, f"real name {state}", actor_id=reviewer_id, why=reason, realname_id=realname_id)
    await publish(db, RealnameDecided(person_id=person_id, state=state, reason=reason))
