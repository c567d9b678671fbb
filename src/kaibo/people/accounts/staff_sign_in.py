"""Staff: accounts made on the server, sign-in by password and TOTP (RFC 6238)."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from math import ceil
from typing import Any
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import case, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Database, Db
from kaibo.kernel.ids import new_id
from kaibo.people import keys
from kaibo.people.accounts import rules, tables
from kaibo.people.accounts.grant import grant_role
from kaibo.people.accounts.sign_in import open_login
from kaibo.people.contracts import PersonId, StaffCreated, StaffInvalid, StaffLocked, StaffLoginWrong, UsernameTaken

STEP_SECONDS = 30
STEPS_AROUND = 1
_SEAL = "staff totp"

_hasher = PasswordHasher()
# argon2 takes 64 MiB and a core for some 50 ms: a flood of sign-ins must queue rather than exhaust the memory
_hashing_at_once = asyncio.Semaphore(2)


@dataclass(frozen=True)
class _Counted:
    person_id: UUID
    password_hash: str
    totp_sealed: bytes


async def create_staff(
    db: Db,
    username: str,
    password: str,
    totp_secret: str | None,
    roles: Iterable[str],
    *,
    created_by: UUID | None = None,
) -> StaffCreated:
    """Make a staff account. Raises StaffInvalid, UsernameTaken."""
    wanted = tuple(dict.fromkeys(roles))
    problem = rules.staff_problem(username, password, totp_secret, wanted)
    if problem:
        raise StaffInvalid(problem=problem)
    secret = totp_secret or pyotp.random_base32()
    person_id = new_id()
    await db.execute(tables.persons.insert().values(id=person_id, nickname=username, locale="zh"))
    made = await db.execute(
        insert(tables.staff)
        .values(
            person_id=person_id,
            username=username,
            password_hash=await asyncio.to_thread(_hasher.hash, password),
            totp_sealed=keys.seal(secret, _SEAL),
        )
        .on_conflict_do_nothing(index_elements=["username"])
        .returning(tables.staff.c.person_id)
    )
    if made.first() is None:
        raise UsernameTaken(username=username)
    for role in wanted:
        await grant_role(db, person_id, role, "platform", None, granted_by=created_by)
    uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Kaibo")
    return StaffCreated(PersonId(person_id), username, secret, uri)


async def staff_sign_in(
    database: Database, db: Db, username: str, password: str, totp: str, ip: str
) -> tuple[UUID, str]:
    """Check name, password and code; open a login. Returns the person's id and the token for the cookie.

    Every try is counted before it is checked and forgiven when it was right; after STAFF_FAILURES_MAX wrong ones the
    account rests for STAFF_LOCK_SECONDS. Raises StaffLoginWrong, StaffLocked.
    """
    async with database.transaction() as counting:
        counted = await _count_try(counting, username.lower())
    right = await _password_matches(counted.password_hash if counted else _nobody(), password)
    if counted is None or not right:
        raise StaffLoginWrong()
    step = _step_of(keys.unseal(counted.totp_sealed, _SEAL), totp)
    if step is None:
        raise StaffLoginWrong()
    t = tables.staff
    fresh = await db.execute(
        update(t)
        .where(t.c.person_id == counted.person_id, t.c.totp_step < step)
        .values(totp_step=step, failures=0, locked_until=None)
        .returning(t.c.person_id)
    )
    if fresh.first() is None:
        raise StaffLoginWrong()
    return counted.person_id, await open_login(db, counted.person_id, ip)


async def _count_try(db: Db, username: str) -> _Counted | None:
    t, now = tables.staff, clock.now()
    failures = case((t.c.locked_until.is_not(None), 1), else_=t.c.failures + 1)
    locked: Any = case(
        (failures >= rules.STAFF_FAILURES_MAX, now + timedelta(seconds=rules.STAFF_LOCK_SECONDS)), else_=None
    )
    row = (
        await db.execute(
            update(t)
            .where(t.c.username == username, or_(t.c.locked_until.is_(None), t.c.locked_until <= now))
            .values(failures=failures, locked_until=locked)
            .returning(t.c.person_id, t.c.password_hash, t.c.totp_sealed)
        )
    ).first()
    if row:
        return _Counted(row.person_id, row.password_hash, row.totp_sealed)
    until = await db.scalar(select(t.c.locked_until).where(t.c.username == username))
    if until is not None:
        raise StaffLocked(retry_after_seconds=max(1, ceil((until - now).total_seconds())))
    return None


async def _password_matches(password_hash: str, password: str) -> bool:
    async with _hashing_at_once:
        try:
            return await asyncio.to_thread(_hasher.verify, password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobody() -> str:
    """A hash that nothing matches, so that an unknown name takes as long as a wrong password."""
    return _hasher.hash(pyotp.random_base32(64))


def _step_of(secret: str, code: str) -> int | None:
    """The time step, now or one beside it, whose code this is."""
    now = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    for step in range(now - STEPS_AROUND, now + STEPS_AROUND + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.strip().encode()):
            return step
    return None
