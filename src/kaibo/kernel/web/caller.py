"""Who is calling and what they may do. The people wing resolves it; every other wing only asks it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kaibo.kernel.errors import NotAllowed, NotSignedIn
from kaibo.kernel.i18n import Locale
from kaibo.kernel.web.bearer import Token


@dataclass(frozen=True)
class Grant:
    """A role within a scope: scope_kind is "platform", "shop", "room" or "agency"; scope_id is None for the platform."""

    role: str
    scope_kind: str
    scope_id: UUID | None = None


@dataclass(frozen=True)
class Caller:
    """The person behind a request; person_id is None for an anonymous viewer. `token` where a program calls in their name."""

    person_id: UUID | None
    nickname: str = ""
    grants: tuple[Grant, ...] = ()
    locale: Locale = "zh"
    ip: str = ""
    token: Token | None = None

    @property
    def id(self) -> UUID:
        """The person's id. Raises NotSignedIn for an anonymous caller."""
        if self.person_id is None:
            raise NotSignedIn()
        return self.person_id

    def has(self, scope_kind: str, scope_id: UUID | None, roles: tuple[str, ...] = ()) -> bool:
        """Whether one of `roles` (any role, where empty) was granted in this scope."""
        return any(
            g.scope_kind == scope_kind and g.scope_id == scope_id and (not roles or g.role in roles)
            for g in self.grants
        )

    def role_in_room(self, room_id: UUID) -> str | None:
        return next((g.role for g in self.grants if g.scope_kind == "room" and g.scope_id == room_id), None)

    def require_platform(self, *roles: str) -> None:
        self._require("platform", None, roles)

    def require_shop(self, shop_id: UUID, *roles: str) -> None:
        self._require("shop", shop_id, roles)

    def require_room(self, room_id: UUID, *roles: str) -> None:
        self._require("room", room_id, roles)

    def require_agency(self, agency_id: UUID, *roles: str) -> None:
        self._require("agency", agency_id, roles)

    def _require(self, scope_kind: str, scope_id: UUID | None, roles: tuple[str, ...]) -> None:
        if self.person_id is None:
            raise NotSignedIn()
        if not self.has(scope_kind, scope_id, roles):
            raise NotAllowed(needs=f"{scope_kind}:{'/'.join(roles) or 'any'}")
