"""Reads: the caller behind a cookie, persons, grants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

import orjson
from sqlalchemy import and_, func, select
from starlette.requests import HTTPConnection

from kaibo.kernel import clock, config
from kaibo.kernel.db import Db, among
from kaibo.kernel.i18n import LOCALES, Locale, preferred
from kaibo.kernel.web import Caller, Grant
from kaibo.people.accounts import rules, tables
from kaibo.people.accounts.sign_in import COOKIE, token_sha256
from kaibo.people.contracts import PersonId, PersonView
from kaibo.people.contracts.buyers import BuyerView

# Signing in is a fresh start: who held the cookie before has no say in it. It also means that no connection is held while
# the try is counted in a transaction of its own, so that a crowd of sign-ins cannot starve the pool by waiting on itself.
SIGN_IN_PATHS = frozenset({"/api/login", "/api/login/codes", "/api/staff/login"})

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


async def resolve_caller(db: Db, connection: HTTPConnection) -> Caller:
    """Who is behind this request: the cookie `kaibo_login`, or nobody. One query."""
    ip = connection.client.host if connection.client else ""
    asked = connection.headers.get("accept-language", "")
    token = connection.cookies.get(COOKIE, "")
    default = config.current().locale
    if not _TOKEN.fullmatch(token) or connection.url.path in SIGN_IN_PATHS:
        return Caller(None, locale=preferred(asked, default), ip=ip)
    p, g = tables.persons, tables.grants
    granted = (
        select(func.json_agg(func.json_build_array(g.c.role, g.c.scope_kind, g.c.scope_id)))
        .where(g.c.person_id == p.c.id)
        .scalar_subquery()
    )
    row = (
        await db.execute(
            select(p.c.id, p.c.nickname, p.c.locale, granted.label("granted"))
            .join(tables.logins, tables.logins.c.person_id == p.c.id)
            .where(
                tables.logins.c.token_sha256 == token_sha256(token),
                tables.logins.c.expires_at > clock.now(),
                p.c.deleted_at.is_(None),
            )
        )
    ).first()
    if row is None:
        return Caller(None, locale=preferred(asked, default), ip=ip)
    entries = orjson.loads(row.granted) if isinstance(row.granted, str | bytes) else row.granted or []
    grants = tuple(Grant(role, kind, UUID(scope) if scope else None) for role, kind, scope in entries)
    return Caller(row.id, row.nickname, grants, preferred(asked, locale_of(row.locale, default)), ip)


async def buyers_behind(db: Db, tokens: Iterable[str]) -> dict[str, BuyerView]:
    """The persons behind many login cookies, by cookie, in one statement; a cookie that opens nothing is left out."""
    p, logins = tables.persons, tables.logins
    hashed = {token_sha256(token): token for token in tokens if _TOKEN.fullmatch(token)}
    rows = await db.execute(
        select(logins.c.token_sha256, p.c.id, p.c.nickname, p.c.locale)
        .join(p, p.c.id == logins.c.person_id)
        .where(
            among(logins.c.token_sha256, hashed),
            logins.c.expires_at > clock.now(),
            p.c.deleted_at.is_(None),
        )
    )
    default = config.current().locale
    return {
        hashed[sha256]: BuyerView(PersonId(person_id), nickname, locale_of(locale, default))
        for sha256, person_id, nickname, locale in rows
    }


def locale_of(stored: str, default: Locale) -> Locale:
    return next((known for known in LOCALES if known == stored), default)


async def person_view(db: Db, ids: Iterable[UUID]) -> dict[PersonId, PersonView]:
    """The persons that exist among `ids`, deleted ones included."""
    t = tables.persons
    rows = (await db.execute(select(t).where(t.c.id.in_(set(ids))))).all()
    return {
        PersonId(row.id): PersonView(
            id=PersonId(row.id),
            nickname=row.nickname,
            phone_masked=rules.mask_phone(row.phone),
            avatar_url=row.avatar_url,
            deleted=row.deleted_at is not None,
        )
        for row in rows
    }


async def persons_called(db: Db, nickname: str, limit: int) -> list[PersonId]:
    """Persons of exactly this nickname; several may have the same."""
    p = tables.persons
    query = select(p.c.id).where(p.c.nickname == nickname).order_by(p.c.id).limit(limit)
    return [PersonId(found) for found in (await db.execute(query)).scalars()]


async def person_by_phone(db: Db, phone: str) -> UUID | None:
    t = tables.persons
    found: UUID | None = await db.scalar(select(t.c.id).where(t.c.phone == phone, t.c.deleted_at.is_(None)))
    return found


async def named_grants(db: Db, person_id: UUID) -> list[tuple[Grant, str | None]]:
    """The person's grants, each with the name of its scope where one is known."""
    g, n = tables.grants, tables.scope_names
    rows = (
        await db.execute(
            select(g.c.role, g.c.scope_kind, g.c.scope_id, n.c.name)
            .outerjoin(n, and_(n.c.scope_kind == g.c.scope_kind, n.c.scope_id == g.c.scope_id))
            .where(g.c.person_id == person_id)
            .order_by(g.c.created_at, g.c.id)
        )
    ).all()
    return [(Grant(row.role, row.scope_kind, row.scope_id), row.name) for row in rows]
