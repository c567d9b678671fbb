"""The outbox: an event is a row of the transaction that caused it, so that neither exists without the other.

`publish` writes the row; `Relay` (in the worker) moves rows to JetStream in position order and removes them after the
acknowledgement. `Nats-Msg-Id` lets the stream drop what was sent twice; consumers are idempotent all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from nats.aio.msg import Msg
from sqlalchemy import delete, func, select

from kaibo.kernel import tables
from kaibo.kernel.bus import Bus
from kaibo.kernel.db import Database, Db
from kaibo.kernel.events import Event, encode, encode_json
from kaibo.kernel.ids import new_id
from kaibo.kernel.rows import insert_many
from kaibo.kernel.tasks import first_of
from kaibo.kernel.telemetry import counter, gauge, get_logger

log = get_logger(__name__)

RELAY_BATCH_ROWS = 500
POLL_SECONDS = 1.0
WAKE_SUBJECT = "kernel.outbox.wake"
PUBLISHED = "kernel.outbox.published"
_RELAY_LOCK = 0x6B61_6962_6F01  # "kaibo" 1: only one relay works at a time, which keeps the order of an aggregate

relayed = counter("kaibo_outbox_relayed_total", "Events moved from the outbox to JetStream.")
waiting = gauge("kaibo_outbox_waiting", "Events not yet moved to JetStream.")


async def publish(db: Db, event: Event) -> UUID:
    """Record `event` in this transaction. Returns its id."""
    event_id = new_id()
    await db.execute(
        tables.outbox.insert().values(
            event_id=event_id, subject=event.subject, aggregate_id=event.aggregate_id, body=encode(event)
        )
    )
    db.info[PUBLISHED] = True
    return event_id


async def publish_many(db: Db, events: Sequence[Event]) -> None:
    """Record many events in this transaction, in their order."""
    rows = [
        {"event_id": new_id(), "subject": one.subject, "aggregate_id": one.aggregate_id, "body": encode_json(one)}
        for one in events
    ]
    if rows:
        await insert_many(db, tables.outbox, rows)
        db.info[PUBLISHED] = True


def wake_relay_after_commits(database: Database, bus: Bus) -> None:
    """Have every commit that published something tell the relay at once, wherever it runs; polling is only the backstop.

    Not NOTIFY: PostgreSQL would hold one global lock through the fsync of every commit that carries one.
    """
    waking: set[asyncio.Task[None]] = set()

    def wake() -> None:
        if bus.connected and not waking:
            task = asyncio.ensure_future(bus.publish(WAKE_SUBJECT, b""))
            waking.add(task)
            task.add_done_callback(waking.discard)

    database.after_commit[PUBLISHED] = wake


class Relay:
    """Moves outbox rows to JetStream. Safe to run in several processes: an advisory lock lets one work."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        async def wake(_: Msg) -> None:
            self._wake.set()

        subscription = await self._bus.subscribe(WAKE_SUBJECT, wake)
        try:
            while not stop.is_set():
                try:
                    moved = await self.move_batch()
                except Exception as wrong:
                    log.warning("outbox.relay_failed", error=str(wrong))
                    moved = 0
                    await asyncio.sleep(POLL_SECONDS)
                if moved < RELAY_BATCH_ROWS:
                    await self._rest(stop)
        finally:
            await subscription.unsubscribe()

    async def _rest(self, stop: asyncio.Event) -> None:
        await first_of(self._wake.wait(), stop.wait(), timeout=POLL_SECONDS)
        self._wake.clear()

    async def move_batch(self) -> int:
        """Publish and remove up to RELAY_BATCH_ROWS rows; returns how many. At-least-once: a crash in between repeats them."""
        async with self._database.transaction() as db:
            if not await db.scalar(select(func.pg_try_advisory_xact_lock(_RELAY_LOCK))):
                return 0
            rows = (
                await db.execute(select(tables.outbox).order_by(tables.outbox.c.position).limit(RELAY_BATCH_ROWS))
            ).all()
            if not rows:
                waiting.set(0)
                return 0
            await self._bus.log_all([_message(row.subject, row.event_id, row.body) for row in rows])
            await db.execute(delete(tables.outbox).where(tables.outbox.c.position.in_([row.position for row in rows])))
        relayed.inc(len(rows))
        return len(rows)


def _message(subject: str, event_id: UUID, body: dict[str, Any]) -> tuple[str, str, bytes]:
    return subject, str(event_id), orjson.dumps({"id": str(event_id), "body": body})
