"""Requests and responses about personal access tokens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from kaibo.kernel.web import Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.people.tokens.lookup import TokenState, TokenView
from kaibo.people.tokens.rules import EXPIRY_DAYS_MAX, NAME_CHARS_MAX


class ScopeWire(Wire):
    name: str
    title: str
    useful: bool


class ScopesWire(Wire):
    items: list[ScopeWire]


class TokenBody(Wire):
    """`scopes` are names of GET /api/me/token-scopes. With a `shop_id` the token is good in that shop only."""

    name: Annotated[Text, StringConstraints(min_length=1, max_length=NAME_CHARS_MAX)]
    scopes: Annotated[list[Annotated[Text, StringConstraints(max_length=40)]], Field(min_length=1, max_length=50)]
    shop_id: Id | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=EXPIRY_DAYS_MAX)] = 90


class TokenWire(Wire):
    """`ending` are the token's last four characters; `last_used_at` is exact to the minute."""

    id: Id
    name: str
    ending: str
    scopes: list[str]
    shop_id: Id | None
    shop_name: str | None
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None
    last_used_ip: str | None
    state: TokenState

    @classmethod
    def of(cls, view: TokenView) -> TokenWire:
        return cls(**{**vars(view), "scopes": list(view.scopes)})


class TokenCreated(Wire):
    """`token` is None where this answers a repeat: it is kept nowhere."""

    token: str | None
    facts: TokenWire


class TokenWriteWire(Wire):
    id: Id
    method: str
    path: str
    request_id: str
    ip: str
    at: Instant
