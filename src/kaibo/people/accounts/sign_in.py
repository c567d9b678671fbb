"""Sign in with a phone and a one-time code."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock, config
from kaibo.kernel.db import Database, Db
from kaibo.kernel.i18n import Locale
from kaibo.kernel.ids import new_id
from kaibo.people.accounts import rules, tables
from kaibo.people.accounts.request_code import code_hmac
from kaibo.people.contracts import CodeExpired, CodeWrong, PhoneMalformed

COOKIE = "kaibo_login"
TOKEN_CHARS = 43


@dataclass(frozen=True)
class CodeTry:
    """A try that has been counted: the code it is compared with, and how many are left after it."""

    id: UUID
    code_hmac: bytes
    tries_left: int


async def sign_in(
    database: Database, db: Db, written_phone: str, code: str, ip: str, locale: Locale
) -> tuple[UUID, str]:
    """Check the code and open a login. Returns the person's id and the token for the cookie.

    The try is counted and committed in a transaction of its own before the code is compared: five tries are five, also
    when they come at the same instant and although the refusal rolls `db` back.
    Raises PhoneMalformed, CodeExpired, CodeWrong.
    """
    phone = rules.phone_number(written_phone)
    if phone is None:
        raise PhoneMalformed()
    async with database.transaction() as counting:
        attempt = await _count_try(counting, phone)
    if attempt is None:
        raise CodeExpired()
    if not hmac.compare_digest(attempt.code_hmac, code_hmac(attempt.id, phone, code.strip())):
        raise CodeWrong(tries_left=attempt.tries_left)
    t = tables.login_codes
    used = await db.execute(
        update(t).where(t.c.id == attempt.id, t.c.used_at.is_(None)).values(used_at=clock.now()).returning(t.c.id)
    )
    if used.first() is None:
        raise CodeExpired()
    person_id = await _person_with(db, phone, locale)
    return person_id, await open_login(db, person_id, ip)


async def _count_try(db: Db, phone: str) -> CodeTry | None:
    t = tables.login_codes
    newest = select(t.c.id).where(t.c.phone == phone).order_by(t.c.created_at.desc(), t.c.id.desc()).limit(1)
    row = (
        await db.execute(
            update(t)
            .where(
                t.c.id == newest.scalar_subquery(),
                t.c.used_at.is_(None),
                t.c.expires_at > clock.now(),
                t.c.tries < rules.CODE_TRIES_MAX,
            )
            .values(tries=t.c.tries + 1)
            .returning(t.c.id, t.c.code_hmac, t.c.tries)
        )
    ).first()
    return CodeTry(row.id, row.code_hmac, rules.CODE_TRIES_MAX - row.tries) if row else None


async def _person_with(db: Db, phone: str, locale: Locale) -> UUID:
    """The person with this phone, made now if there is none. Using the code says that the terms were agreed to."""
    t, now = tables.persons, clock.now()
    name = f"用户{secrets.randbelow(10**8):08d}"
    row = insert(t).values(id=new_id(), phone=phone, nickname=name, locale=locale, created_at=now, agreed_at=now)
    person_id: UUID = (
        await db.execute(
            row.on_conflict_do_update(index_elements=["phone"], set_={"locale": locale, "agreed_at": now}).returning(
                t.c.id
            )
        )
    ).scalar_one()
    return person_id


async def open_login(db: Db, person_id: UUID, ip: str) -> str:
    """A fresh login; returns the token, of which only the SHA-256 is stored. The oldest give way beyond the limit."""
    t, now = tables.logins, clock.now()
    token = secrets.token_urlsafe(32)
    await db.execute(delete(t).where(t.c.expires_at < now))
    await db.execute(
        t.insert().values(
            token_sha256=token_sha256(token),
            person_id=person_id,
            ip=ip,
            created_at=now,
            expires_at=now + timedelta(days=config.current().login_days),
        )
    )
    keep = (
        select(t.c.token_sha256)
        .where(t.c.person_id == person_id)
        .order_by(t.c.created_at.desc())
        .limit(rules.LOGINS_PER_PERSON_MAX)
    )
    await db.execute(delete(t).where(t.c.person_id == person_id, t.c.token_sha256.not_in(keep)))
    return token


async def close_login(db: Db, token: str) -> None:
    """Sign out this browser."""
    await db.execute(delete(tables.logins).where(tables.logins.c.token_sha256 == token_sha256(token)))


def token_sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
