"""Stop calling an address that does not answer, and tell whoever registered it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.telemetry import get_logger
from kaibo.open.webhooks.change_endpoint import end_waiting
from kaibo.open.webhooks.tables import endpoints
from kaibo.people import facade as people

log = get_logger(__name__)

HOST_CHARS_MAX = 60
TELL_WITHIN_DAYS = 2


async def disable_endpoint(db: Db, endpoint: Any, why: str) -> None:
    """`endpoint` is its row, locked. What still waited has failed; switching on again and a replay bring it back."""
    e = endpoints
    await db.execute(update(e).where(e.c.id == endpoint.id).values(state="disabled", disabled_why=why))
    await end_waiting(db, endpoint.id)
    host = endpoint.url.split("/")[2][:HOST_CHARS_MAX]
    useless_after = clock.now() + timedelta(days=TELL_WITHIN_DAYS)
    await people.tell_person(db, endpoint.created_by, "webhook_disabled", useless_after, host=host)
    log.warning("webhook.disabled", endpoint_id=str(endpoint.id), why=why)
