"""A room's crew: reads and changes."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from sqlalchemy import case, func, select

from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.people.accounts.grant import grant_role, take_roles
from kaibo.people.accounts.lookup import person_by_phone
from kaibo.people.accounts.rules import mask_phone, phone_number
from kaibo.people.accounts.tables import grants, persons
from kaibo.people.contracts import (
    CrewChanged,
    CrewFull,
    CrewMember,
    CrewMemberMissing,
    HostStays,
    NobodyWithPhone,
    PersonId,
    PhoneMalformed,
    RoomRole,
)

CREW_PER_ROOM_MAX = 30


async def crew_of(db: Db, room_id: UUID) -> list[CrewMember]:
    """The crew of a room, host first, then by time of joining."""
    rows = await db.execute(
        select(grants, persons.c.nickname, persons.c.phone)
        .join(persons, persons.c.id == grants.c.person_id)
        .where(grants.c.scope_kind == "room", grants.c.scope_id == room_id)
        .order_by(case((grants.c.role == "host", 0), else_=1), grants.c.created_at, grants.c.id)
    )
    return [_member(row) for row in rows]


def _member(row: Any) -> CrewMember:
    return CrewMember(PersonId(row.person_id), row.nickname, row.role, mask_phone(row.phone), row.created_at)


async def rooms_of(db: Db, person_id: UUID) -> dict[UUID, RoomRole]:
    """The rooms where this person is crew, with the role in each."""
    rows = await db.execute(
        select(grants.c.scope_id, grants.c.role).where(grants.c.person_id == person_id, grants.c.scope_kind == "room")
    )
    return {row.scope_id: cast("RoomRole", row.role) for row in rows if row.scope_id}


async def grant_room_role(
    db: Db, room_id: UUID, person_id: UUID, role: RoomRole, *, granted_by: UUID | None = None
) -> None:
    """Give a role in a room; another role of the same person there is replaced."""
    here = select(grants.c.role).where(
        grants.c.person_id == person_id, grants.c.scope_kind == "room", grants.c.scope_id == room_id
    )
    before = await db.scalar(here.with_for_update())
    if before == role:
        return
    if before is not None:
        await take_roles(db, person_id, "room", room_id, actor_id=granted_by)
    await grant_role(db, person_id, role, "room", room_id, granted_by=granted_by)
    await publish(db, CrewChanged(room_id=room_id, person_id=person_id, role=role))


async def add_to_crew(db: Db, room_id: UUID, written_phone: str, role: RoomRole, actor_id: UUID) -> CrewMember:
    """Add the person with this phone. Raises PhoneMalformed, NobodyWithPhone, HostStays, CrewFull."""
    phone = phone_number(written_phone)
    if phone is None:
        raise PhoneMalformed()
    person_id = await person_by_phone(db, phone)
    if person_id is None:
        raise NobodyWithPhone()
    member = await _find(db, room_id, person_id)
    if member and member.role == "host":
        raise HostStays()
    in_room = (grants.c.scope_kind == "room") & (grants.c.scope_id == room_id)
    count = await db.scalar(select(func.count()).select_from(grants).where(in_room)) or 0
    if member is None and count >= CREW_PER_ROOM_MAX:
        raise CrewFull(crew_max=CREW_PER_ROOM_MAX)
    await grant_room_role(db, room_id, person_id, role, granted_by=actor_id)
    added = await _find(db, room_id, person_id)
    assert added is not None
    return added


async def remove_from_crew(db: Db, room_id: UUID, person_id: UUID, actor_id: UUID) -> None:
    """Raises CrewMemberMissing, HostStays."""
    member = await _find(db, room_id, person_id)
    if member is None:
        raise CrewMemberMissing(id=str(person_id))
    if member.role == "host":
        raise HostStays()
    await take_roles(db, person_id, "room", room_id, actor_id=actor_id)
    await publish(db, CrewChanged(room_id=room_id, person_id=person_id, role=None))


async def _find(db: Db, room_id: UUID, person_id: UUID) -> CrewMember | None:
    return next((m for m in await crew_of(db, room_id) if m.person_id == person_id), None)
