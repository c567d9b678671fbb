"""What the open wing hears, does at an instant, and does in the background: the complete list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kaibo.kernel import context
from kaibo.kernel.db import Db
from kaibo.kernel.jobs import Jobs
from kaibo.kernel.reactions import Reactions
from kaibo.kernel.timers import Timers
from kaibo.open.exports.ask_for_export import JOB
from kaibo.open.exports.make import EXPIRE, expire_export, make_export
from kaibo.open.webhooks.enqueue import enqueue
from kaibo.open.webhooks.published import PUBLISHED, Published

reactions = Reactions("open")
timers = Timers("open")
jobs = Jobs("open")

timers.on(EXPIRE)(expire_export)


@jobs.job(JOB)
async def run_export(export_id: str) -> None:
    """Write the file of an export."""
    await make_export(context.database(), UUID(export_id))


def _hear(published: Published) -> None:
    """One consumer for every published type: open-webhook_order_paid and so on."""

    async def tell_endpoints(db: Db, event: Any) -> None:
        await enqueue(db, published, event)

    tell_endpoints.__name__ = f"webhook_{published.name.replace('.', '_')}"
    reactions.on(published.event)(tell_endpoints)


for _published in PUBLISHED.values():
    _hear(_published)
