"""Callbacks waiting to go out. Queued in the same transaction as the change they tell of."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from kaibo.sandbox.wechatpay.crypto import now_ms
from kaibo.sandbox.wechatpay.faults import Faults, faults_for
from kaibo.sandbox.wechatpay.platform import Platform

HOLD_MS_MAX = 30_000
COPY_GAP_MS = 50


@dataclass(frozen=True, slots=True)
class Event:
    event_type: str
    summary: str
    out_trade_no: str
    url: str


def enqueue(platform: Platform, event: Event, resource: dict[str, Any]) -> None:
    """Write one notice with its deliveries: one, plus the copies that the faults ask for. Call inside a change."""
    faults = faults_for(platform.store, event.out_trade_no, event.event_type)
    created_ms = now_ms()
    due_ms, state = created_ms + faults.delay_ms, "waiting"
    if faults.lose:
        state = "lost"
    elif faults.reorder and platform.store.one("SELECT 1 FROM deliveries WHERE state = 'held'") is None:
        # When another one is held already, this is the "next" which that one waits for.
        due_ms, state = created_ms + HOLD_MS_MAX, "held"
    row = {
        "notice_id": str(uuid.uuid4()),
        "out_trade_no": event.out_trade_no,
        "event_type": event.event_type,
        "summary": event.summary,
        "url": event.url,
        "resource": json.dumps(_spoil(resource, faults), ensure_ascii=False),
        "faults": faults.model_dump_json(exclude_unset=True),
        "created_ms": created_ms,
        "state": state,
    }
    for copy in range(1 + faults.duplicate):
        platform.store.insert("deliveries", row | {"due_ms": due_ms + copy * COPY_GAP_MS})


def _spoil(resource: dict[str, Any], faults: Faults) -> dict[str, Any]:
    spoilt = dict(resource)
    if faults.wrong_mchid is not None:
        spoilt["mchid"] = faults.wrong_mchid
    if faults.wrong_amount_fen is not None:
        key = "refund" if "out_refund_no" in resource else "total"
        spoilt["amount"] = resource["amount"] | {key: faults.wrong_amount_fen, f"payer_{key}": faults.wrong_amount_fen}
    return spoilt
