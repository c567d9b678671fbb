"""Why a token cannot be made or used."""

from __future__ import annotations

from kaibo.kernel.errors import Invalid, NotFound, Refused, Unauthenticated, refusal


@refusal
class TokenInvalid(Unauthenticated):
    """Deliberately silent about whether the token is misspelt, expired, revoked or never was one."""

    code = "people.token_invalid"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}  # RFC 6750, 3.1


@refusal
class TokenMissing(NotFound):
    code = "people.token_missing"
    id: str


@refusal
class ScopeUnknown(Invalid):
    code = "people.scope_unknown"
    scope: str


@refusal
class TokensFull(Refused):
    code = "people.tokens_full"
    tokens_max: int
