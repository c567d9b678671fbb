"""Personal access tokens on the wire: where one stands in a request, and how far it reaches (RFC 6750)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.datastructures import Headers

from kaibo.kernel.errors import Forbidden, refusal
from kaibo.kernel.web.scopes import SCOPES

PREFIX = "kaibo_pat_"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_LIMIT = "600/minute"  # noqa: S105 (how often a token may be used)


@dataclass(frozen=True)
class Token:
    """The token behind a call; `shop_id` where it is good for one shop only."""

    id: UUID
    scopes: frozenset[str]
    shop_id: UUID | None


class _Insufficient(Forbidden):
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}


@refusal
class ScopeMissing(_Insufficient):
    code = "web.scope_missing"
    scope: str


@refusal
class TokenNotHere(_Insufficient):
    """This route is for people in a browser only."""

    code = "web.token_not_here"


@refusal
class TokenOfOneShop(_Insufficient):
    code = "web.token_of_one_shop"


def bearer_token(headers: Headers) -> str | None:
    """The token in `Authorization: Bearer kaibo_pat_…`; None for any other authorisation.

    Such a call is judged by its token alone, also where a cookie came with it: a page elsewhere cannot send the header.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.startswith(PREFIX) else None


class ScopeDeclaration:
    """The scope that a token needs on a route; read by the route's authorisation. See auth.scope."""

    def __init__(self, name: str) -> None:
        if name not in SCOPES:
            raise ValueError(f"{name!r} is not in kernel.web.scopes.SCOPES")
        self.name = name

    async def __call__(self) -> None:
        return None


def scope_of(route: Any) -> str | None:
    """The scope that a route declares, or None: no token reaches it."""
    return next((d.call.name for d in route.dependant.dependencies if isinstance(d.call, ScopeDeclaration)), None)


def require_reach(request: Request, authorisation: str, token: Token) -> None:
    """Raises TokenNotHere, ScopeMissing, TokenOfOneShop. What everybody may read may be read with any token."""
    needed = scope_of(request.scope["route"])
    if needed is None:
        if authorisation == "public" and request.method in SAFE_METHODS:
            return
        raise TokenNotHere()
    if needed not in token.scopes:
        raise ScopeMissing(scope=needed)
    if token.shop_id is not None and authorisation == "signed_in":
        raise TokenOfOneShop()
