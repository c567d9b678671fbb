"""Who works in a shop: reads and changes. The owner is who the licence stands for, and stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import case, func, select, text

from kaibo.kernel.db import Db
from kaibo.kernel.errors import Conflict, NotFound, Refused, refusal
from kaibo.kernel.web import Caller
from kaibo.people.accounts.grant import grant_role, take_roles
from kaibo.people.accounts.lookup import person_by_phone
from kaibo.people.accounts.rules import mask_phone, phone_number
from kaibo.people.accounts.tables import grants, persons
from kaibo.people.contracts import NobodyWithPhone, PersonId, PhoneMalformed, ShopRole

STAFF_PER_SHOP_MAX = 50
GivenRole = Literal["manager", "staff"]


@refusal
class ShopStaffFull(Refused):
    code = "people.shop_staff_full"
    staff_max: int


@refusal
class ShopOwnerStays(Conflict):
    code = "people.shop_owner_stays"


@refusal
class ShopStaffMissing(NotFound):
    code = "people.shop_staff_missing"
    id: str


@dataclass(frozen=True)
class ShopStaff:
    person_id: PersonId
    nickname: str
    phone_masked: str
    role: ShopRole
    since: datetime


async def shop_staff_of(db: Db, shop_id: UUID) -> list[ShopStaff]:
    """The owner first, then managers, then by time of joining."""
    place = case({"owner": 0, "manager": 1}, value=grants.c.role, else_=2)
    rows = await db.execute(
        select(grants, persons.c.nickname, persons.c.phone)
        .join(persons, persons.c.id == grants.c.person_id)
        .where(_here(shop_id))
        .order_by(place, grants.c.created_at, grants.c.id)
    )
    return [ShopStaff(PersonId(r.person_id), r.nickname, mask_phone(r.phone), r.role, r.created_at) for r in rows]


async def add_shop_staff(db: Db, caller: Caller, shop_id: UUID, written_phone: str, role: GivenRole) -> list[ShopStaff]:
    """Let the person with this phone work here, or give them another role; only the owner makes managers or changes them.

    Raises PhoneMalformed, NobodyWithPhone, NotAllowed, ShopOwnerStays, ShopStaffFull.
    """
    phone = phone_number(written_phone)
    if phone is None:
        raise PhoneMalformed()
    person_id = await person_by_phone(db, phone)
    if person_id is None:
        raise NobodyWithPhone()
    name = {"name": f"people.shop_staff:{shop_id}"}
    await db.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), name)
    before = await _role(db, shop_id, person_id)
    if before == "owner":
        raise ShopOwnerStays()
    if "manager" in (role, before):
        caller.require_shop(shop_id, "owner")
    count = await db.scalar(select(func.count()).select_from(grants).where(_here(shop_id))) or 0
    if before is None and count >= STAFF_PER_SHOP_MAX:
        raise ShopStaffFull(staff_max=STAFF_PER_SHOP_MAX)
    if before is not None and before != role:
        await take_roles(db, person_id, "shop", shop_id, actor_id=caller.id)
    await grant_role(db, person_id, role, "shop", shop_id, granted_by=caller.id)
    return await shop_staff_of(db, shop_id)


async def remove_shop_staff(db: Db, caller: Caller, shop_id: UUID, person_id: UUID) -> None:
    """From the next call on they see nothing of the shop. Raises ShopStaffMissing, ShopOwnerStays, NotAllowed."""
    role = await _role(db, shop_id, person_id)
    if role is None:
        raise ShopStaffMissing(id=str(person_id))
    if role == "owner":
        raise ShopOwnerStays()
    if role == "manager":
        caller.require_shop(shop_id, "owner")
    await take_roles(db, person_id, "shop", shop_id, actor_id=caller.id)


def _here(shop_id: UUID) -> Any:
    return (grants.c.scope_kind == "shop") & (grants.c.scope_id == shop_id)


async def _role(db: Db, shop_id: UUID, person_id: UUID) -> str | None:
    found: str | None = await db.scalar(
        select(grants.c.role).where(_here(shop_id), grants.c.person_id == person_id).with_for_update()
    )
    return found
