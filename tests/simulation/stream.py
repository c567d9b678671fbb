"""The event log in this process: what was acknowledged is kept, some of it twice, and is delivered until it is acknowledged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

from kaibo.kernel.reactions import Reaction
from tests.simulation.scheduler import Scheduler

RECORDER = "simulation-"
"""Consumers of the simulation's own, which hear of every event that it happened and nothing else."""

Delivered = tuple[UUID, dict[str, Any]]


class FakeBus:
    """What the relay needs of kernel.bus.Bus, and a queue for each consumer."""

    def __init__(self, scheduler: Scheduler, reactions: Sequence[Reaction]) -> None:
        self.connected = True
        self.known: dict[UUID, str] = {}
        self.faults = True
        self.waiting: dict[str, list[Delivered]] = defaultdict(list)
        self._scheduler = scheduler
        self._reactions = reactions

    async def log_all(self, events: Iterable[tuple[str, str, bytes]]) -> None:
        """Appended one by one; whoever dies in the middle has appended some."""
        for at, (subject, message_id, sent) in enumerate(events):
            if at % 16 == 0:
                await self._scheduler.gate("stream.append")
            self._append(subject, UUID(message_id), orjson.loads(sent)["body"])
        await self._scheduler.gate("stream.acknowledged")

    def _append(self, subject: str, event_id: UUID, body: dict[str, Any]) -> None:
        # The stream drops what it has within its window; what comes later is there twice.
        if event_id in self.known and (not self.faults or self._scheduler.dice.random() < 0.7):
            return
        self.known[event_id] = subject
        for reaction in self._reactions:
            if reaction.event.subject == subject:
                what = {"event_id": str(event_id)} if reaction.consumer.startswith(RECORDER) else body
                self.waiting[reaction.consumer].append((event_id, what))

    def fetch(self, consumer: str) -> list[Delivered]:
        """What comes next, mostly in order. It stays until `acknowledge`."""
        there = self.waiting[consumer]
        some = there[: self._scheduler.dice.choice([1, 1, 3, 8])]
        if self.faults and len(there) > 2 and self._scheduler.dice.random() < 0.05:
            some = self._scheduler.dice.sample(there, 2)  # delivered again after a time-out, out of order
        return some

    def acknowledge(self, consumer: str, done: Sequence[Delivered]) -> None:
        """Now and then that gets lost: then they are delivered again."""
        if self.faults and self._scheduler.dice.random() < 0.05:
            return
        for one in done:
            if one in self.waiting[consumer]:
                self.waiting[consumer].remove(one)
