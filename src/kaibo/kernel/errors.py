"""Refusals: errors are nouns that carry facts. The web maps a family to an HTTP status; the word files own the text."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, TypeVar, dataclass_transform

REGISTRY: dict[str, type[Refused]] = {}


class Refused(Exception):
    """The request was understood and is refused (422). Subclasses set `code` ("wing.noun_phrase") and declare facts as fields."""

    code: ClassVar[str] = "kernel.refused"
    status: ClassVar[int] = 422

    def facts(self) -> dict[str, Any]:
        """The declared fields as a mapping: what was wrong, for the words and for the problem document."""
        return {f.name: getattr(self, f.name) for f in fields(self)} if is_dataclass(self) else {}

    def headers(self) -> dict[str, str]:
        """Headers that the answer carries beside the document."""
        return {}

    def __str__(self) -> str:
        return f"{self.code} {self.facts()}"


_R = TypeVar("_R", bound=Refused)


@dataclass_transform(eq_default=False)
def refusal(cls: type[_R]) -> type[_R]:
    """Class decorator: make a Refused subclass a dataclass and register its code, which must be unique."""
    made = dataclass(eq=False)(cls)
    if made.code in REGISTRY and REGISTRY[made.code].__qualname__ != made.__qualname__:
        raise ValueError(f"error code {made.code} is already used by {REGISTRY[made.code].__qualname__}")
    REGISTRY[made.code] = made
    return made


class Invalid(Refused):
    """The input itself is wrong."""

    status = 422


class Unauthenticated(Refused):
    status = 401


class Forbidden(Refused):
    status = 403


class NotFound(Refused):
    status = 404


class Conflict(Refused):
    status = 409


class TooMany(Refused):
    """Over a limit. Subclasses carry `retry_after_seconds`, which also becomes the Retry-After header."""

    status = 429


class Unavailable(Refused):
    """Something the house depends on does not answer at the moment."""

    status = 503


@refusal
class NotSignedIn(Unauthenticated):
    code = "kernel.not_signed_in"


@refusal
class NotAllowed(Forbidden):
    code = "kernel.not_allowed"
    needs: str


@refusal
class Missing(NotFound):
    code = "kernel.not_found"
    what: str
    id: str


@refusal
class BadCursor(Invalid):
    code = "kernel.bad_cursor"
    cursor: str


@refusal
class IdempotencyKeyReused(Conflict):
    code = "web.idempotency_key_reused"
    key: str


@refusal
class IdempotencyKeyMissing(Invalid):
    code = "web.idempotency_key_missing"


@refusal
class IdempotencyKeyMalformed(Invalid):
    code = "web.idempotency_key_malformed"
    chars_max: int


@refusal
class CsrfFailed(Forbidden):
    code = "web.csrf_failed"


@refusal
class RateLimited(TooMany):
    code = "web.rate_limited"
    limit: str
    retry_after_seconds: int


@refusal
class BodyTooLarge(Refused):
    code = "web.body_too_large"
    status = 413
    bytes_max: int


@refusal
class EngineDown(Unavailable):
    code = "kernel.engine_down"
    engine: str
