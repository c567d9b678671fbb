"""Who is behind a request: a token where one was sent, else the login's cookie."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, func, or_, select, update
from starlette.requests import HTTPConnection

from kaibo.kernel import clock, config
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import preferred
from kaibo.kernel.web import Caller, Grant
from kaibo.kernel.web.bearer import SAFE_METHODS, Token, bearer_token
from kaibo.people.accounts import lookup
from kaibo.people.accounts.sign_in import token_sha256
from kaibo.people.accounts.tables import grants, persons
from kaibo.people.tokens.refusals import TokenInvalid
from kaibo.people.tokens.rules import well_formed
from kaibo.people.tokens.tables import token_writes, tokens

NOTE_USE_SECONDS = 60
WRITES_KEEP_DAYS = 400  # the law asks for six months of logs (Cybersecurity Law art. 21)
PATH_CHARS_MAX = 300


async def resolve_caller(db: Db, connection: HTTPConnection) -> Caller:
    """The caller with their roles. Raises TokenInvalid: a wrong token never falls back to the cookie beside it."""
    written = bearer_token(connection.headers)
    if written is None:
        return await lookup.resolve_caller(db, connection)
    if not well_formed(written):
        raise TokenInvalid()
    row = await _find(db, written)
    if row is None:
        raise TokenInvalid()
    ip = connection.client.host if connection.client else ""
    await _note_use(db, row.token_id, ip, clock.now())
    method = str(connection.scope.get("method", "GET"))
    if method not in SAFE_METHODS:
        await _note_write(db, row, method, connection, ip)
    locale = preferred(
        connection.headers.get("accept-language", ""), lookup.locale_of(row.locale, config.current().locale)
    )
    token = Token(row.token_id, frozenset(row.scopes), row.shop_id)
    return Caller(row.id, row.nickname, _grants(row), locale, ip, token)


async def _find(db: Db, written: str) -> Any:
    granted = (
        select(func.json_agg(func.json_build_array(grants.c.role, grants.c.scope_kind, grants.c.scope_id)))
        .where(grants.c.person_id == persons.c.id)
        .scalar_subquery()
    )
    query = (
        select(
            persons.c.id,
            persons.c.nickname,
            persons.c.locale,
            granted.label("granted"),
            tokens.c.id.label("token_id"),
            tokens.c.scopes,
            tokens.c.shop_id,
        )
        .join(tokens, tokens.c.person_id == persons.c.id)
        .where(
            tokens.c.token_sha256 == token_sha256(written),
            tokens.c.revoked_at.is_(None),
            tokens.c.expires_at > clock.now(),
            persons.c.deleted_at.is_(None),
        )
    )
    return (await db.execute(query)).first()


def _grants(row: Any) -> tuple[Grant, ...]:
    """The person's roles now; of a token of one shop those in that shop."""
    entries = orjson.loads(row.granted) if isinstance(row.granted, str | bytes) else row.granted or []
    found = tuple(Grant(role, kind, UUID(scope) if scope else None) for role, kind, scope in entries)
    if row.shop_id is None:
        return found
    return tuple(grant for grant in found if grant.scope_kind == "shop" and grant.scope_id == row.shop_id)


async def _note_use(db: Db, token_id: UUID, ip: str, now: datetime) -> None:
    """Once a minute is enough, and nobody waits for another call that is noting it."""
    t = tokens
    stale = or_(t.c.last_used_at.is_(None), t.c.last_used_at < now - timedelta(seconds=NOTE_USE_SECONDS))
    free = select(t.c.id).where(t.c.id == token_id, stale).with_for_update(skip_locked=True)
    await db.execute(update(t).where(t.c.id.in_(free)).values(last_used_at=now, last_used_ip=ip))


async def _note_write(db: Db, row: Any, method: str, connection: HTTPConnection, ip: str) -> None:
    """Commits with what the call changes: a refused call leaves neither."""
    await db.execute(
        token_writes.insert().values(
            token_id=row.token_id,
            person_id=row.id,
            method=method,
            path=connection.url.path[:PATH_CHARS_MAX],
            request_id=str(connection.scope.get("state", {}).get("request_id", "")),
            ip=ip,
        )
    )


async def forget_old_token_writes(db: Db) -> None:
    """Drop what was noted longer ago than it must be kept."""
    horizon = clock.now() - timedelta(days=WRITES_KEEP_DAYS)
    await db.execute(delete(token_writes).where(token_writes.c.at < horizon))
