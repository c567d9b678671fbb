"""What goes into a tick. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from kaibo.stage.wire import ChatEventWire

TICK_SECONDS = 0.2
IDLE_TICK_SECONDS = 2.0
CROWDED_TICK_SECONDS = 1.0
CROWDED_VIEWERS = 50_000
TICK_LINES_MAX = 40
TICK_ENTRIES_MAX = 2
"""Entries are the first to go: a line says more."""

FRAMES_PER_GENERATION = 100_000_000
"""An owner numbers its frames from generation * this. A new owner's first number jumps, so that viewers take a snapshot."""


def tick_seconds(online: int) -> float:
    return CROWDED_TICK_SECONDS if online > CROWDED_VIEWERS else TICK_SECONDS


def sample(events: Sequence[ChatEventWire], random: Random, lines_max: int = TICK_LINES_MAX) -> list[ChatEventWire]:
    """At most `lines_max` of `events`, in their order.

    The crew's lines and the system's always come first. Among viewers every person has the same chance, however much they
    write: rounds of one line a person, persons in random order. Own lines need no place: a page shows its own at once.
    """
    entries = [e for e in events if e.kind == "enter"]
    skipped = {e.id for e in entries[: max(0, len(entries) - TICK_ENTRIES_MAX)]}
    wanted = [e for e in events if e.id not in skipped]
    if len(wanted) <= lines_max:
        return wanted
    chosen = {e.id for e in [e for e in wanted if e.role is not None or e.kind == "system"][:lines_max]}
    by_person: dict[str, list[ChatEventWire]] = {}
    for event in wanted:
        if event.id not in chosen:
            by_person.setdefault(event.person_ref or str(event.id), []).append(event)
    persons = list(by_person.values())
    random.shuffle(persons)
    while persons and len(chosen) < lines_max:
        for lines in persons[: lines_max - len(chosen)]:
            chosen.add(lines.pop(0).id)
        persons = [lines for lines in persons if lines]
    return [e for e in wanted if e.id in chosen]
