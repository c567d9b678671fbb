"""Callbacks waiting to go out. Queued in the same transaction as the change they tell of."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from kaibo.sandbox.beijing import now_ms
from kaibo.sandbox.faults import Faults, faults_for
from kaibo.sandbox.store import Store

HOLD_MS_MAX = 30_000
COPY_GAP_MS = 50


@dataclass(frozen=True, slots=True)
class Event:
    """`out_trade_no` is the merchant's number, by which faults are chosen."""

    event_type: str
    summary: str
    out_trade_no: str
    url: str


def faults_of(store: Store, event: Event) -> Faults:
    return faults_for(store, event.out_trade_no, event.event_type)


def enqueue(store: Store, event: Event, resource: dict[str, Any], faults: Faults) -> None:
    """Write one notice with its deliveries: one, plus the copies that the faults ask for. Call inside a change."""
    created_ms = now_ms()
    due_ms, state = created_ms + faults.delay_ms, "waiting"
    if faults.lose:
        state = "lost"
    elif faults.reorder and store.one("SELECT 1 FROM deliveries WHERE state = 'held'") is None:
        # When another one is held already, this is the "next" which that one waits for.
        due_ms, state = created_ms + HOLD_MS_MAX, "held"
    row = {
        "notice_id": str(uuid.uuid4()),
        "out_trade_no": event.out_trade_no,
        "event_type": event.event_type,
        "summary": event.summary,
        "url": event.url,
        "resource": json.dumps(resource, ensure_ascii=False),
        "faults": faults.model_dump_json(exclude_unset=True),
        "created_ms": created_ms,
        "state": state,
    }
    for copy in range(1 + faults.duplicate):
        store.insert("deliveries", row | {"due_ms": due_ms + copy * COPY_GAP_MS})
