"""Reads of one's own tokens and of what was written with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, and_, select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.people.accounts.tables import scope_names
from kaibo.people.tokens.refusals import TokenMissing
from kaibo.people.tokens.tables import token_writes, tokens

TokenState = Literal["good", "expired", "revoked"]


@dataclass(frozen=True)
class TokenView:
    id: UUID
    name: str
    ending: str
    scopes: tuple[str, ...]
    shop_id: UUID | None
    shop_name: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    last_used_ip: str | None
    state: TokenState


@dataclass(frozen=True)
class TokenWrite:
    """One change made with a token; calls that were refused left nothing to note."""

    id: UUID
    method: str
    path: str
    request_id: str
    ip: str
    at: datetime


def _mine(person_id: UUID) -> Select[Any]:
    n = scope_names
    here = and_(n.c.scope_kind == "shop", n.c.scope_id == tokens.c.shop_id)
    return select(tokens, n.c.name.label("shop_name")).outerjoin(n, here).where(tokens.c.person_id == person_id)


async def tokens_of(db: Db, person_id: UUID, *, before: UUID | None, limit: int) -> list[TokenView]:
    """A person's tokens, newest first, also those that are no longer good."""
    query = _mine(person_id).order_by(tokens.c.id.desc()).limit(limit)
    rows = await db.execute(query.where(tokens.c.id < before) if before else query)
    return [_view(row) for row in rows]


async def token_view(db: Db, person_id: UUID, token_id: UUID) -> TokenView:
    """Raises TokenMissing, also for somebody else's."""
    row = (await db.execute(_mine(person_id).where(tokens.c.id == token_id))).first()
    if row is None:
        raise TokenMissing(id=str(token_id))
    return _view(row)


def _view(row: Any) -> TokenView:
    state: TokenState = "revoked" if row.revoked_at else "expired" if row.expires_at <= clock.now() else "good"
    plain = ("id", "name", "ending", "shop_id", "shop_name", "created_at", "expires_at", "last_used_at", "last_used_ip")
    return TokenView(**{field: getattr(row, field) for field in plain}, scopes=tuple(row.scopes), state=state)


async def writes_of(db: Db, token_id: UUID, *, before: UUID | None, limit: int) -> list[TokenWrite]:
    """What was changed with a token, newest first."""
    t = token_writes
    query = select(t).where(t.c.token_id == token_id).order_by(t.c.id.desc()).limit(limit)
    rows = await db.execute(query.where(t.c.id < before) if before else query)
    return [TokenWrite(row.id, row.method, row.path, row.request_id, row.ip, row.at) for row in rows]
