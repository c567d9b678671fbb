"""Submit one's real name."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select, text

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.web.wire import rfc3339
from kaibo.people import keys
from kaibo.people.accounts.standing import note_standing
from kaibo.people.accounts.tables import persons
from kaibo.people.contracts import (
    BirthDiffers,
    GuardianNeeded,
    IdentityTaken,
    IdNumberMalformed,
    NameMalformed,
    RealnameFresh,
    RealnameUnderReview,
    TooYoung,
)
from kaibo.people.realname import rules
from kaibo.people.realname.decide import settle_verdict
from kaibo.people.realname.lookup import SEAL_NAME, SEAL_NUMBER, standing
from kaibo.people.realname.provider import Claim, provider
from kaibo.people.realname.tables import realnames


async def submit_realname(
    db: Db, person_id: UUID, written_name: str, written_number: str, birth: date | None
) -> rules.Standing:
    """Check the number, ask the provider, and record the claim sealed.

    Raises NameMalformed, IdNumberMalformed, BirthDiffers, TooYoung, GuardianNeeded, RealnameUnderReview, RealnameFresh,
    IdentityTaken.
    """
    claim = _checked(written_name, written_number, birth)
    number_hmac = keys.fingerprint(claim.id_number, SEAL_NUMBER)
    await db.execute(select(persons.c.id).where(persons.c.id == person_id).with_for_update())
    await db.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"people.id:{number_hmac.hex()}"}
    )
    await _refuse_needless(db, person_id)
    await refuse_taken_identity(db, person_id, number_hmac)
    verdict = await provider().examine(claim)
    realname_id = new_id()
    await db.execute(
        realnames.insert().values(
            id=realname_id,
            person_id=person_id,
            name_sealed=keys.seal(claim.real_name, SEAL_NAME),
            number_sealed=keys.seal(claim.id_number, SEAL_NUMBER),
            number_hmac=number_hmac,
            birth=claim.birth,
            state="pending",
            submitted_at=clock.now(),
        )
    )
    await note_standing(db, person_id, "real name submitted", actor_id=person_id, realname_id=realname_id)
    if verdict.state != "pending":
        await settle_verdict(
            db, person_id, realname_id, number_hmac, None, approve=verdict.state == "verified", reason=verdict.reason
        )
    return await standing(db, person_id)


def _checked(written_name: str, written_number: str, birth: date | None) -> Claim:
    name, number = rules.real_name(written_name), rules.id_number(written_number)
    if name is None:
        raise NameMalformed()
    if number is None:
        raise IdNumberMalformed()
    born, now = rules.birth_of(number), clock.now()
    if born > now.astimezone(rules.BEIJING).date():
        raise IdNumberMalformed()
    if birth is not None and birth != born:
        raise BirthDiffers()
    years = rules.years_old(born, now)
    if years < rules.YEARS_MIN:
        raise TooYoung(years_min=rules.YEARS_MIN)
    if years < rules.YEARS_ALONE:
        raise GuardianNeeded()
    return Claim(name, number, born)


async def _refuse_needless(db: Db, person_id: UUID) -> None:
    t = realnames
    pending = select(t.c.id).where(t.c.person_id == person_id, t.c.state == "pending")
    if (await db.execute(pending)).first():
        raise RealnameUnderReview()
    current = await standing(db, person_id)
    if current.state == "verified" and current.fresh_until:
        renew_from = rules.renew_from(current.fresh_until)
        if clock.now() < renew_from:
            raise RealnameFresh(renew_from=rfc3339(renew_from))


async def refuse_taken_identity(db: Db, person_id: UUID, number_hmac: bytes) -> None:
    """Raises IdentityTaken where another living account has, or is about to have, this identity."""
    t = realnames
    other = select(t.c.id).where(
        t.c.number_hmac == number_hmac, t.c.person_id != person_id, t.c.state.in_(("pending", "verified"))
    )
    if (await db.execute(other)).first():
        raise IdentityTaken()
