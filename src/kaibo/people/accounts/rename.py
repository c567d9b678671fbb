"""Change one's nickname."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel.db import Db
from kaibo.people.accounts import rules, tables
from kaibo.people.contracts import NicknameInvalid


async def rename_person(db: Db, person_id: UUID, wished: str) -> None:
    """Raises NicknameInvalid."""
    tidy = rules.nickname(wished)
    if tidy is None:
        raise NicknameInvalid(chars_max=rules.NICKNAME_CHARS_MAX)
    await db.execute(update(tables.persons).where(tables.persons.c.id == person_id).values(nickname=tidy))
