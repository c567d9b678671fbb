"""Ask for a one-time code."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import delete, func, select, text

from kaibo.kernel import clock, config
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale
from kaibo.kernel.ids import new_id
from kaibo.people import keys
from kaibo.people.accounts import rules, tables
from kaibo.people.contracts import CodesUsedUp, CodeTooSoon, PhoneMalformed
from kaibo.people.sms.send import send_message


@dataclass(frozen=True)
class CodeSent:
    expires_in_seconds: int
    retry_after_seconds: int


def code_hmac(code_id: UUID, phone: str, code: str) -> bytes:
    return keys.fingerprint(f"{code_id}:{phone}:{code}", "login code")


async def request_code(db: Db, written_phone: str, ip: str, locale: Locale) -> CodeSent:
    """Send a code to a phone. Raises PhoneMalformed, CodeTooSoon, CodesUsedUp.

    Says the same for known and unknown phones, so that nobody can ask who has an account here.
    """
    phone = rules.phone_number(written_phone)
    if phone is None:
        raise PhoneMalformed()
    settings, now = config.current(), clock.now()
    # Phone before address, always: two requests that share both cannot wait for one another in a circle.
    for name in (f"people.code.phone:{phone}", f"people.code.ip:{ip}"):
        await db.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
    await db.execute(
        delete(tables.login_codes).where(tables.login_codes.c.created_at < now - timedelta(seconds=rules.DAY_SECONDS))
    )
    await _refuse_too_many(db, phone, ip, now, settings.rate_limit_scale)
    code_id = new_id()
    code = f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}d}"
    expires_at = now + timedelta(seconds=settings.login_code_seconds)
    await db.execute(
        tables.login_codes.insert().values(
            id=code_id,
            phone=phone,
            ip=ip,
            code_hmac=code_hmac(code_id, phone, code),
            created_at=now,
            expires_at=expires_at,
        )
    )
    minutes = ceil(settings.login_code_seconds / 60)
    await send_message(db, phone, "login_code", locale, expires_at, code=code, minutes=str(minutes))
    return CodeSent(settings.login_code_seconds, rules.code_gap_seconds(settings.rate_limit_scale))


async def _refuse_too_many(db: Db, phone: str, ip: str, now: datetime, scale: float) -> None:
    t = tables.login_codes
    last = await db.scalar(select(func.max(t.c.created_at)).where(t.c.phone == phone))
    if last is not None:
        wait = ceil(rules.code_gap_seconds(scale) - (now - last).total_seconds())
        if wait > 0:
            raise CodeTooSoon(retry_after_seconds=wait)
    for window in rules.code_windows(scale):
        mine = t.c.phone == phone if window.per == "phone" else t.c.ip == ip
        since = now - timedelta(seconds=window.seconds)
        count, oldest = (
            await db.execute(select(func.count(), func.min(t.c.created_at)).where(mine, t.c.created_at > since))
        ).one()
        if count >= window.most:
            wait = max(1, ceil((oldest - since).total_seconds()))
            raise CodesUsedUp(per=window.per, retry_after_seconds=wait)
