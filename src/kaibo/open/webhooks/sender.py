"""Sends what is due. Several workers may run one each: a delivery is leased, and one whose worker died is sent again."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Database, Db
from kaibo.kernel.tasks import first_of
from kaibo.kernel.telemetry import counter, get_logger
from kaibo.open.webhooks import rules
from kaibo.open.webhooks.call import Caller, Outcome
from kaibo.open.webhooks.disable import disable_endpoint
from kaibo.open.webhooks.lookup import secrets_of
from kaibo.open.webhooks.model import spell_message_id
from kaibo.open.webhooks.tables import attempts, deliveries, endpoints, messages

log = get_logger(__name__)

POLL_SECONDS = 0.5
LEASE_SECONDS = 60
AT_ONCE = 64
AT_ONCE_PER_ENDPOINT = 8

sent = counter("kaibo_webhooks_sent_total", "Webhook calls made.", ("outcome",))


@dataclass(frozen=True)
class _Due:
    id: UUID
    endpoint_id: UUID
    message_id: UUID
    tries: int
    url: str
    body: str
    secrets: tuple[str, ...]


class Sender:
    def __init__(self, database: Database, *, private_allowed: bool) -> None:
        self._database = database
        self._caller = Caller(private_allowed=private_allowed)
        self._flying: dict[asyncio.Task[None], UUID] = {}

    async def run(self, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                started = await self._start_due()
                if not started:
                    await first_of(stop.wait(), timeout=POLL_SECONDS)
            if self._flying:
                await asyncio.wait(self._flying, timeout=5)
        finally:
            for task in list(self._flying):
                task.cancel()
            await asyncio.gather(*self._flying, return_exceptions=True)
            await self.close()

    async def close(self) -> None:
        await self._caller.close()

    async def send_due(self) -> int:
        """Send what is due now and wait for the outcome; returns how many calls were made."""
        started = await self._start_due()
        if self._flying:
            await asyncio.wait(self._flying)
        return started

    async def _start_due(self) -> int:
        room = AT_ONCE - len(self._flying)
        if room <= 0:
            await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
            return 1
        async with self._database.transaction() as db:
            due = await self._claim(db, room)
        for one in due:
            task = asyncio.create_task(self._send(one))
            self._flying[task] = one.endpoint_id
            task.add_done_callback(lambda done: self._flying.pop(done, None))
        return len(due)

    async def _claim(self, db: Db, room: int) -> list[_Due]:
        """Lease up to `room` due deliveries, few of one endpoint, so that a slow one holds up nobody else."""
        d, e, m, now = deliveries, endpoints, messages, clock.now()
        busy = [one for one in set(self._flying.values()) if self._in_flight(one) >= AT_ONCE_PER_ENDPOINT]
        due = (d.c.state == "waiting") & (d.c.next_at <= now)
        place = func.row_number().over(partition_by=d.c.endpoint_id, order_by=d.c.next_at).label("place")
        ranked = (
            select(d.c.id, d.c.next_at, place)
            .join(e, e.c.id == d.c.endpoint_id)
            .where(due, e.c.state == "on", d.c.endpoint_id.not_in(busy))
            .subquery()
        )
        first = select(ranked.c.id).where(ranked.c.place <= AT_ONCE_PER_ENDPOINT).order_by(ranked.c.next_at).limit(room)
        locked = select(d.c.id).where(d.c.id.in_(first), due).with_for_update(skip_locked=True)
        leased = update(d).where(d.c.id.in_(locked)).values(next_at=now + timedelta(seconds=LEASE_SECONDS))
        ids = (await db.execute(leased.returning(d.c.id))).scalars().all()
        if not ids:
            return []
        rows = await db.execute(
            select(d.c.id.label("delivery_id"), d.c.message_id, d.c.tries, m.c.body, e)
            .join(m, m.c.id == d.c.message_id)
            .join(e, e.c.id == d.c.endpoint_id)
            .where(d.c.id.in_(ids))
        )
        return [_due(row) for row in rows]

    def _in_flight(self, endpoint_id: UUID) -> int:
        return sum(one == endpoint_id for one in self._flying.values())

    async def _send(self, due: _Due) -> None:
        message_id, timestamp = spell_message_id(due.message_id), int(clock.now().timestamp())
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": rules.signatures(due.secrets, message_id, timestamp, due.body),
        }
        try:
            outcome = await self._caller.call(due.url, headers, due.body)
            async with self._database.transaction() as db:
                await note_outcome(db, due.id, due.endpoint_id, outcome)
            sent.labels("delivered" if outcome.delivered else "failed").inc()
        except Exception as wrong:  # the lease runs out and the call is made again
            log.error("webhook.not_recorded", delivery_id=str(due.id), error=repr(wrong))


def _due(row: Any) -> _Due:
    known = secrets_of(row)
    both = (known.secret,) if known.old is None else (known.secret, known.old)
    return _Due(row.delivery_id, row.id, row.message_id, row.tries, row.url, row.body, both)


async def note_outcome(db: Db, delivery_id: UUID, endpoint_id: UUID, outcome: Outcome) -> None:
    """Write the attempt down and decide what follows: done, again later, or given up."""
    d, e, now = deliveries, endpoints, clock.now()
    endpoint = (await db.execute(select(e).where(e.c.id == endpoint_id).with_for_update(key_share=True))).one()
    row = (await db.execute(select(d).where(d.c.id == delivery_id).with_for_update())).one()
    await db.execute(
        attempts.insert().values(
            delivery_id=delivery_id,
            status=outcome.status,
            error=outcome.error,
            response_head=outcome.response_head,
            duration_ms=outcome.duration_ms,
        )
    )
    values: dict[str, Any] = {"last_status": outcome.status, "last_error": outcome.error, "tries": row.tries + 1}
    if outcome.delivered:
        values |= {"state": "delivered", "next_at": None, "ended_at": now}
    elif row.state == "waiting":  # not where the endpoint was switched off meanwhile
        wait = outcome.retry_after_seconds
        again = rules.next_attempt(now, row.tries + 1, retry_after_seconds=wait, chance=random.random())
        values |= {"next_at": again} if again else {"state": "failed", "next_at": None, "ended_at": now}
    await db.execute(update(d).where(d.c.id == delivery_id).values(**values))
    failing_since = None if outcome.delivered else endpoint.failing_since or now
    if failing_since != endpoint.failing_since:
        await db.execute(update(e).where(e.c.id == endpoint_id).values(failing_since=failing_since))
    why = rules.must_disable(failing_since, now, outcome.status)
    if why is not None and endpoint.state == "on":
        await disable_endpoint(db, endpoint, why)
