"""Roles given and taken away."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel.db import Db
from kaibo.people.accounts import tables
from kaibo.people.accounts.standing import note_standing


async def grant_role(
    db: Db, person_id: UUID, role: str, scope_kind: str, scope_id: UUID | None, *, granted_by: UUID | None
) -> bool:
    """Give a role within a scope; returns False where the person had it already."""
    given = await db.execute(
        insert(tables.grants)
        .values(person_id=person_id, role=role, scope_kind=scope_kind, scope_id=scope_id, granted_by=granted_by)
        .on_conflict_do_nothing()
        .returning(tables.grants.c.id)
    )
    if given.first() is None:
        return False
    scope = scope_id or ""
    await note_standing(db, person_id, "granted", actor_id=granted_by, role=role, scope_kind=scope_kind, scope_id=scope)
    return True


async def take_roles(db: Db, person_id: UUID, scope_kind: str, scope_id: UUID | None, *, actor_id: UUID | None) -> bool:
    """Take every role of this person in a scope; returns False where there was none."""
    t = tables.grants
    taken = (
        await db.execute(
            delete(t)
            .where(
                t.c.person_id == person_id, t.c.scope_kind == scope_kind, t.c.scope_id.is_not_distinct_from(scope_id)
            )
            .returning(t.c.role)
        )
    ).all()
    for row in taken:
        scope = scope_id or ""
        await note_standing(
            db, person_id, "taken", actor_id=actor_id, role=row.role, scope_kind=scope_kind, scope_id=scope
        )
    return bool(taken)


async def name_scope(db: Db, scope_kind: str, scope_id: UUID, name: str) -> None:
    """Remember what a scope is called, so that a person can be told where they have a role."""
    row = insert(tables.scope_names).values(scope_kind=scope_kind, scope_id=scope_id, name=name)
    await db.execute(
        row.on_conflict_do_update(index_elements=["scope_kind", "scope_id"], set_={"name": row.excluded.name})
    )
