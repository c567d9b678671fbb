"""What other wings may ask of people."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.people import keys
from kaibo.people.accounts import staff_sign_in
from kaibo.people.accounts.grant import name_scope
from kaibo.people.accounts.leave import LeaveCheck, register_leave_check
from kaibo.people.accounts.lookup import buyers_behind, person_by_phone, person_view, persons_called
from kaibo.people.accounts.rules import phone_number
from kaibo.people.addresses.lookup import address_of, addresses_of, parcel_labels
from kaibo.people.agencies.lookup import agencies_named, agency_by_name, agency_of, agency_view
from kaibo.people.contracts import PlatformRole, RealnameState, StaffCreated
from kaibo.people.keys import seal, unseal
from kaibo.people.merchants.lookup import PictureUrls, register_picture_resolver, shop_view, shops_named
from kaibo.people.merchants.rules import licence_number
from kaibo.people.realname.lookup import standing
from kaibo.people.sms.tell import tell_person
from kaibo.people.teams.crew import crew_of, grant_room_role, rooms_of
from kaibo.people.tokens.resolve import forget_old_token_writes, resolve_caller

__all__ = [
    "LeaveCheck",
    "PictureUrls",
    "address_of",
    "addresses_of",
    "agency_by_name",
    "agency_of",
    "agency_view",
    "buyers_behind",
    "create_staff",
    "crew_of",
    "forget_old_token_writes",
    "grant_room_role",
    "licence_number",
    "name_room",
    "owners_named",
    "parcel_labels",
    "person_by_phone",
    "person_view",
    "phone_number",
    "realname_state",
    "register_leave_check",
    "register_picture_resolver",
    "resolve_caller",
    "rooms_of",
    "seal",
    "seal_secret",
    "shop_view",
    "tell_person",
    "unseal",
    "unseal_secret",
]

seal_secret = keys.seal
unseal_secret = keys.unseal


async def realname_state(db: Db, person_id: UUID) -> RealnameState:
    """Whether this person's real name is verified and still fresh (settings.identity_fresh_days)."""
    return (await standing(db, person_id)).state


async def owners_named(db: Db, words: str, limit: int) -> list[UUID]:
    """Shops and agencies whose name contains these words, and the persons of this phone or exactly this nickname."""
    found: list[UUID] = [*await shops_named(db, words, limit), *await agencies_named(db, words, limit)]
    found += await persons_called(db, words, limit)
    if (phone := phone_number(words)) is not None and (person_id := await person_by_phone(db, phone)) is not None:
        found.append(person_id)
    return found


async def name_room(db: Db, room_id: UUID, name: str) -> None:
    """Tell people a room's name, so that GET /api/me can say it. Call when a room is created or renamed."""
    await name_scope(db, "room", room_id, name)


async def create_staff(
    db: Db, username: str, password: str, totp_secret: str | None, roles: Iterable[PlatformRole]
) -> StaffCreated:
    """Create a platform staff account; a TOTP secret is made where none is given.

    Raises UsernameTaken, or StaffInvalid naming what is wrong with the name, password, secret or roles.
    """
    return await staff_sign_in.create_staff(db, username, password, totp_secret, roles)
