"""What a handler asks for: the transaction, the caller, the idempotency guard."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar, cast

import orjson
from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import tables
from kaibo.kernel.db import Db
from kaibo.kernel.errors import IdempotencyKeyMalformed, IdempotencyKeyMissing, IdempotencyKeyReused
from kaibo.kernel.web.bearer import TOKEN_LIMIT
from kaibo.kernel.web.caller import Caller
from kaibo.kernel.web.state import State

KEY_CHARS_MAX = 64
_KEY = re.compile(r"[\x21-\x7e]{1,64}")


async def _state(request: Request) -> State:
    return cast("State", request.app.state.kaibo)


StateDep = Annotated[State, Depends(_state)]


async def _transaction(state: StateDep) -> AsyncIterator[Db]:
    async with state.database.transaction() as db:
        yield db


DbDep = Annotated[Db, Depends(_transaction, scope="function")]
"""One transaction a request. scope="function": it commits after the handler and before the response is sent."""


async def _caller(request: Request, db: DbDep, state: StateDep) -> Caller:
    caller = await state.resolve_caller(db, request)
    if caller.token is not None:
        await _pace(request, state, str(caller.token.id))
    return caller


async def _pace(request: Request, state: State, token_id: str) -> None:
    """Count a call with a token; the gate tells how many are left."""
    window = await state.limiter.look(TOKEN_LIMIT, "token", token_id)
    request.scope["state"]["rate_limit"] = window
    await state.limiter.spend(TOKEN_LIMIT, "token", token_id)


CallerDep = Annotated[Caller, Depends(_caller)]

_M = TypeVar("_M", bound=BaseModel)


def is_key(text: str) -> bool:
    """Whether this may stand in an Idempotency-Key header."""
    return _KEY.fullmatch(text) is not None


class Seen:
    """`response` is what the first call with this key answered, or None where this is the first."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.kept: Any = None

    def keep(self, wire: _M) -> _M:
        """Remember `wire` as the answer to this key; stored in the same transaction when the guard closes."""
        self.kept = wire.model_dump(mode="json")
        return wire


class Guard:
    """Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): one effect a key, however often the call is repeated."""

    def __init__(self, path: str, key: str | None) -> None:
        self._path = path
        self.key = key

    def require(self) -> str:
        """The key, for an action that remembers it by itself. Raises IdempotencyKeyMissing, IdempotencyKeyMalformed."""
        if self.key is None:
            raise IdempotencyKeyMissing()
        if not is_key(self.key):
            raise IdempotencyKeyMalformed(chars_max=KEY_CHARS_MAX)
        return self.key

    @asynccontextmanager
    async def guard(self, db: Db, caller: Caller, body: Any = None) -> AsyncIterator[Seen]:
        """Claim the key. A concurrent call with the same key waits here until the first has committed.

        Raises IdempotencyKeyMissing, IdempotencyKeyMalformed, or IdempotencyKeyReused for another body under the same key.
        """
        key = self.require()
        table, scope = tables.idempotency, f"{caller.id} {self._path}"
        print_ = _fingerprint(body)
        claimed = await db.execute(
            insert(table)
            .values(scope=scope, key=key, fingerprint=print_)
            .on_conflict_do_nothing()
            .returning(table.c.key)
        )
        here = (table.c.scope == scope) & (table.c.key == key)
        if claimed.first() is None:
            row = (await db.execute(select(table).where(here))).one()
            if row.fingerprint != print_:
                raise IdempotencyKeyReused(key=key)
            yield Seen(row.response)
            return
        seen = Seen(None)
        yield seen
        await db.execute(update(table).where(here).values(response=seen.kept))


def _fingerprint(body: Any) -> str:
    if isinstance(body, BaseModel):
        content = orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    elif isinstance(body, bytes):
        content = body
    else:
        content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(content).hexdigest()


# Asynchronous, as all that follow: FastAPI would run a plain function, or a class, in the thread pool.
async def guard_of(request: Request, idempotency_key: Annotated[str | None, Header(max_length=1024)] = None) -> Guard:
    return Guard(request.url.path, idempotency_key)


Idempotent = Annotated[Guard, Depends(guard_of)]
