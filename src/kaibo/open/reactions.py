"""What the open wing hears, does at an instant, and does in the background: the complete list."""

from __future__ import annotations

from typing import Any

from kaibo.kernel.db import Db
from kaibo.kernel.jobs import Jobs
from kaibo.kernel.reactions import Reactions
from kaibo.kernel.timers import Timers
from kaibo.open.webhooks.enqueue import enqueue
from kaibo.open.webhooks.published import PUBLISHED, Published

reactions = Reactions("open")
timers = Timers("open")
jobs = Jobs("open")


def _hear(published: Published) -> None:
    """One consumer for every published type: open-webhook_order_paid and so on."""

    async def tell_endpoints(db: Db, event: Any) -> None:
        await enqueue(db, published, event)

    tell_endpoints.__name__ = f"webhook_{published.name.replace('.', '_')}"
    reactions.on(published.event)(tell_endpoints)


for _published in PUBLISHED.values():
    _hear(_published)
