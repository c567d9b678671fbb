"""What a wing hears: `reactions.on(Event)` binds an action to an event.

Every reaction is a durable JetStream consumer. It runs in one transaction together with a row that says "this consumer has
handled this event", so a redelivery changes nothing. After TRIES_MAX failures the event is parked with its error, where an
operator sees it and can replay it; the consumer goes on with the next.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import orjson
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeout
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock, tables
from kaibo.kernel.bus import Bus
from kaibo.kernel.db import Database, Db
from kaibo.kernel.events import Event, decode
from kaibo.kernel.tasks import first_of
from kaibo.kernel.telemetry import counter, get_logger

log = get_logger(__name__)

TRIES_MAX = 5
RETRY_SECONDS = (0.2, 1.0, 5.0, 15.0)
FETCH_EVENTS = 64
FETCH_SECONDS = 5.0
ERROR_CHARS_MAX = 4_000
HANDLED_KEEP_SECONDS = 30 * 24 * 3600

reacted = counter("kaibo_reactions_total", "Events handled by consumers.", ("consumer", "outcome"))

_E = TypeVar("_E", bound=Event)
Action = Callable[[Db, Any], Awaitable[None]]


@dataclass(frozen=True)
class Reaction:
    """`consumer` is the durable name: wing and function; renaming a function starts a new consumer."""

    consumer: str
    event: type[Event]
    action: Action


class Reactions:
    """The complete list of what one wing hears."""

    def __init__(self, wing: str) -> None:
        self.wing = wing
        self.all: list[Reaction] = []

    def on(
        self, event: type[_E]
    ) -> Callable[[Callable[[Db, _E], Awaitable[None]]], Callable[[Db, _E], Awaitable[None]]]:
        def bind(action: Callable[[Db, _E], Awaitable[None]]) -> Callable[[Db, _E], Awaitable[None]]:
            self.all.append(Reaction(f"{self.wing}-{action.__name__}", event, action))
            return action

        return bind


async def apply(database: Database, reaction: Reaction, event_id: UUID, body: dict[str, Any]) -> bool:
    """Run a reaction once. Returns False where this consumer had handled the event before."""
    async with database.transaction() as db:
        fresh = await db.execute(
            insert(tables.handled)
            .values(consumer=reaction.consumer, event_id=event_id)
            .on_conflict_do_nothing()
            .returning(tables.handled.c.event_id)
        )
        if fresh.first() is None:
            return False
        await reaction.action(db, decode(reaction.event, body))
        return True


async def apply_all(database: Database, reaction: Reaction, events: Sequence[tuple[UUID, dict[str, Any]]]) -> int:
    """Run a reaction on many events, in order, in one transaction: all of them or, where one raises, none. Returns how many
    this consumer had not handled before.
    """
    async with database.transaction() as db:
        rows = [{"consumer": reaction.consumer, "event_id": event_id} for event_id, _ in events]
        new = insert(tables.handled).on_conflict_do_nothing().returning(tables.handled.c.event_id)
        left = set((await db.execute(new, rows)).scalars())
        fresh = len(left)
        for event_id, body in events:
            if event_id in left:
                left.remove(event_id)
                await reaction.action(db, decode(reaction.event, body))
        return fresh


class Consumer:
    """Feeds one reaction from its durable consumer, in order. What has come together is handled in one transaction; where that
    fails, one event at a time, so that only the one at fault waits and is parked.
    """

    def __init__(self, database: Database, bus: Bus, reaction: Reaction) -> None:
        self._database = database
        self._bus = bus
        self._reaction = reaction

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                pull = await self._bus.pull(self._reaction.consumer, self._reaction.event.subject)
                while not stop.is_set():
                    await self._drain(pull, stop)
            except Exception as wrong:
                log.warning("consumer.lost", consumer=self._reaction.consumer, error=repr(wrong))
                await asyncio.sleep(1)

    async def _drain(self, pull: Any, stop: asyncio.Event) -> None:
        fetching = asyncio.ensure_future(pull.fetch(FETCH_EVENTS, timeout=FETCH_SECONDS))
        # What a cancelled fetch had already been given is delivered again after ACK_WAIT_SECONDS.
        await first_of(asyncio.shield(fetching), stop.wait())
        if not fetching.done():
            fetching.cancel()
        try:
            messages = await fetching
        except (NatsTimeout, TimeoutError, asyncio.CancelledError):
            return
        if len(messages) > 1 and await self._handled_together(messages):
            return
        for message in messages:
            if stop.is_set():
                return
            await self._handle(message)

    async def _handled_together(self, messages: Sequence[Msg]) -> bool:
        sent = [orjson.loads(message.data) for message in messages]
        try:
            events = [(UUID(one["id"]), one["body"]) for one in sent]
            fresh = await apply_all(self._database, self._reaction, events)
        except Exception as wrong:
            log.info("reaction.not_together", consumer=self._reaction.consumer, events=len(sent), error=repr(wrong))
            return False
        reacted.labels(self._reaction.consumer, "done").inc(fresh)
        reacted.labels(self._reaction.consumer, "repeat").inc(len(sent) - fresh)
        for message in messages:
            await message.ack()
        return True

    async def _handle(self, message: Msg) -> None:
        sent = orjson.loads(message.data)
        event_id, body = UUID(sent["id"]), sent["body"]
        for attempt in range(1, TRIES_MAX + 1):
            try:
                fresh = await apply(self._database, self._reaction, event_id, body)
                reacted.labels(self._reaction.consumer, "done" if fresh else "repeat").inc()
                break
            except Exception as wrong:
                log.warning("reaction.failed", consumer=self._reaction.consumer, attempt=attempt, error=repr(wrong))
                if attempt == TRIES_MAX:
                    await self._park(event_id, body, wrong)
                    break
                await message.in_progress()
                await asyncio.sleep(RETRY_SECONDS[attempt - 1])
        await message.ack()

    async def _park(self, event_id: UUID, body: dict[str, Any], wrong: Exception) -> None:
        error = "".join(traceback.format_exception(wrong))[-ERROR_CHARS_MAX:]
        async with self._database.transaction() as db:
            await db.execute(
                tables.parked.insert().values(
                    consumer=self._reaction.consumer,
                    event_id=event_id,
                    subject=self._reaction.event.subject,
                    body=body,
                    error=error,
                    tries=TRIES_MAX,
                )
            )
        reacted.labels(self._reaction.consumer, "parked").inc()
        log.error("reaction.parked", consumer=self._reaction.consumer, event_id=str(event_id), error=repr(wrong))


async def forget_old(db: Db) -> None:
    """Drop idempotency records older than the stream can still deliver."""
    horizon = clock.now() - timedelta(seconds=HANDLED_KEEP_SECONDS)
    await db.execute(delete(tables.handled).where(tables.handled.c.handled_at < horizon))
    await db.execute(delete(tables.idempotency).where(tables.idempotency.c.created_at < horizon))
