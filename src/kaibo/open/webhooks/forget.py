"""Drop messages and their log after KEEP_DAYS."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.open.webhooks import rules
from kaibo.open.webhooks.tables import attempts, deliveries, messages

BATCH = 10_000


async def forget_old_messages(db: Db) -> None:
    """The oldest BATCH; the rest at the next housekeeping."""
    horizon = clock.now() - timedelta(days=rules.KEEP_DAYS)
    old = (await db.execute(select(messages.c.id).where(messages.c.created_at < horizon).limit(BATCH))).scalars().all()
    if not old:
        return
    theirs = select(deliveries.c.id).where(deliveries.c.message_id.in_(old))
    await db.execute(delete(attempts).where(attempts.c.delivery_id.in_(theirs)))
    await db.execute(delete(deliveries).where(deliveries.c.message_id.in_(old)))
    await db.execute(delete(messages).where(messages.c.id.in_(old)))
