"""What other wings may ask of people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from starlette.requests import HTTPConnection

from kaibo.kernel.db import Db
from kaibo.kernel.web import Caller
from kaibo.people.contracts import (
    AddressView,
    CrewMember,
    PersonId,
    PersonView,
    PlatformRole,
    RealnameState,
    RoomRole,
    ShopId,
    ShopView,
    StaffCreated,
)

LeaveCheck = Callable[[Db, PersonId], Awaitable[str | None]]
PictureUrls = Callable[[Db, list[UUID]], Awaitable[dict[UUID, str]]]


async def resolve_caller(db: Db, connection: HTTPConnection) -> Caller:
    """Who is behind this request: the cookie `kaibo_login`, or nobody. One query."""
    raise NotImplementedError


async def person_view(db: Db, ids: Iterable[UUID]) -> dict[PersonId, PersonView]:
    """The persons that exist among `ids`, deleted ones included (as "已注销用户")."""
    raise NotImplementedError


async def shop_view(db: Db, shop_ids: Iterable[UUID]) -> dict[ShopId, ShopView]:
    """The shops that exist among `shop_ids`."""
    raise NotImplementedError


async def address_of(db: Db, person_id: UUID, address_id: UUID) -> AddressView:
    """An address of this person. Raises AddressMissing, also for somebody else's."""
    raise NotImplementedError


async def addresses_of(db: Db, person_id: UUID) -> list[AddressView]:
    """All addresses of this person, the default one first."""
    raise NotImplementedError


async def realname_state(db: Db, person_id: UUID) -> RealnameState:
    """Whether this person's real name is verified and still fresh (settings.identity_fresh_days)."""
    raise NotImplementedError


async def grant_room_role(
    db: Db, room_id: UUID, person_id: UUID, role: RoomRole, *, granted_by: UUID | None = None
) -> None:
    """Give a role in a room; another role of the same person there is replaced. Publishes CrewChanged."""
    raise NotImplementedError


async def crew_of(db: Db, room_id: UUID) -> list[CrewMember]:
    """The crew of a room, host first, then by time of joining."""
    raise NotImplementedError


async def rooms_of(db: Db, person_id: UUID) -> dict[UUID, RoomRole]:
    """The rooms where this person is crew."""
    raise NotImplementedError


async def name_room(db: Db, room_id: UUID, name: str) -> None:
    """Tell people a room's name, so that GET /api/me can say it. Call when a room is created or renamed."""
    raise NotImplementedError


async def create_staff(
    db: Db, username: str, password: str, totp_secret: str | None, roles: Iterable[PlatformRole]
) -> StaffCreated:
    """Create a platform staff account; a TOTP secret is made where none is given.

    Raises UsernameTaken, or StaffInvalid naming what is wrong with the name, password, secret or roles.
    """
    raise NotImplementedError


def register_leave_check(check: LeaveCheck) -> None:
    """A wing above has a say in account deletion: `check` returns a reason key ("open_orders") or None."""
    raise NotImplementedError


def register_picture_resolver(urls: PictureUrls) -> None:
    """The goods wing owns pictures; it tells people here how to turn picture ids into URLs."""
    raise NotImplementedError
