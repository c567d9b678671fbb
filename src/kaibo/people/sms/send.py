"""Send a message: a job born in the caller's transaction, so that no message leaves for something that never happened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from kaibo.kernel import clock, jobs
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.ids import new_id
from kaibo.kernel.telemetry import get_logger
from kaibo.kernel.web.wire import rfc3339
from kaibo.people.sms.provider import Message, provider
from kaibo.people.sms.tables import sms_ring

log = get_logger(__name__)

RING_MESSAGES = 50
JOB = "people.sms.send"


async def send_message(
    db: Db, phone: str, template: str, locale: Locale, useless_after: datetime, **facts: str
) -> None:
    """Send the words `people.sms.<template>` to a phone, if this transaction commits; not at all after `useless_after`."""
    words = say(f"people.sms.{template}", locale, facts)
    message_id = new_id()
    if provider().keeps_ring:
        await db.execute(sms_ring.insert().values(id=message_id, phone=phone, text=words))
        keep = select(sms_ring.c.id).order_by(sms_ring.c.id.desc()).limit(RING_MESSAGES)
        await db.execute(delete(sms_ring).where(sms_ring.c.id.not_in(keep)))
    await jobs.defer(
        db,
        JOB,
        id=str(message_id),
        phone=phone,
        template=template,
        locale=locale,
        facts=facts,
        text=words,
        useless_after=rfc3339(useless_after),
    )


async def deliver_message(
    *, id: str, phone: str, template: str, locale: str, facts: dict[str, str], text: str, useless_after: str
) -> None:
    """The job: hand the message to the provider, or drop it where nobody can use it any more."""
    if clock.now() > datetime.fromisoformat(useless_after):
        log.warning("sms.dropped", message_id=id, why="too old to be of use")
        return
    await provider().deliver(Message(id, phone, template, locale, facts, text))


async def last_messages(db: Db) -> list[tuple[str, str, datetime]]:
    """(phone, text, sent_at) of the ring, newest first."""
    rows = (await db.execute(select(sms_ring).order_by(sms_ring.c.id.desc()).limit(RING_MESSAGES))).all()
    return [(row.phone, row.text, row.sent_at) for row in rows]
