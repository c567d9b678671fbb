"""Tell a person something by SMS."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel import config
from kaibo.kernel.db import Db
from kaibo.people.accounts.lookup import locale_of
from kaibo.people.accounts.tables import persons
from kaibo.people.sms.send import send_message


async def tell_person(db: Db, person_id: UUID, template: str, useless_after: datetime, **facts: str) -> bool:
    """Send the words `people.sms.<template>` in the person's language; False where they have no phone (staff, deleted)."""
    row = (await db.execute(select(persons.c.phone, persons.c.locale).where(persons.c.id == person_id))).first()
    if row is None or row.phone is None:
        return False
    await send_message(db, row.phone, template, locale_of(row.locale, config.current().locale), useless_after, **facts)
    return True
