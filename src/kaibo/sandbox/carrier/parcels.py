"""Parcels on their way: what was subscribed, what has happened so far, and the pushes that tell of it."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from kaibo.sandbox.beijing import now_ms, stamp
from kaibo.sandbox.carrier import roads
from kaibo.sandbox.carrier.faults import faults_for
from kaibo.sandbox.carrier.settings import Settings
from kaibo.sandbox.carrier.signing import signature
from kaibo.sandbox.store import Row, Store

FINAL = frozenset({"3", "4"})

SCHEMA = """
CREATE TABLE IF NOT EXISTS parcels (
  com TEXT NOT NULL, num TEXT NOT NULL, callback_url TEXT NOT NULL, salt TEXT NOT NULL, start TEXT NOT NULL,
  goal TEXT NOT NULL, outcome TEXT NOT NULL, subscribed_ms INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,
  next_ms INTEGER, PRIMARY KEY (com, num)
) STRICT;
CREATE INDEX IF NOT EXISTS parcels_next ON parcels (next_ms) WHERE next_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS pushes (
  id INTEGER PRIMARY KEY, com TEXT NOT NULL, num TEXT NOT NULL, url TEXT NOT NULL, param TEXT NOT NULL, sign TEXT NOT NULL,
  copies INTEGER NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'delivered', 'lost', 'given_up'))
) STRICT;
CREATE INDEX IF NOT EXISTS pushes_due ON pushes (due_ms) WHERE state = 'waiting';
"""


@dataclass(frozen=True, slots=True)
class Account:
    """What both sides know. `salt` is the subscriber's own choice; this one is offered."""

    key: str = field(repr=False)
    customer: str
    salt: str = field(repr=False)


@dataclass(slots=True)
class Desk:
    """`wake` tells the courier that something may be due."""

    settings: Settings
    account: Account
    admin_token: str = field(repr=False)
    store: Store
    wake: asyncio.Event = field(default_factory=asyncio.Event)


def subscribe(desk: Desk, com: str, num: str, *, callback_url: str, salt: str, start: str, goal: str) -> bool:
    """False where this number is being followed already. One that was given up may be subscribed again."""
    store, at = desk.store, now_ms()
    outcome = faults_for(store, num).outcome or roads.outcome_of(num, desk.settings.trouble_percent)
    with store.change():
        known = store.one("SELECT next_ms, outcome FROM parcels WHERE com = ? AND num = ?", com, num)
        if known is not None and not (known["next_ms"] is None and known["outcome"] == "unknown"):
            return False
        store.run("DELETE FROM parcels WHERE com = ? AND num = ?", com, num)
        row = {
            "com": com,
            "num": num,
            "callback_url": callback_url,
            "salt": salt,
            "start": start,
            "goal": goal,
            "outcome": outcome,
            "subscribed_ms": at,
        }
        steps = roads.road(num, start, goal, outcome)
        first = steps[0].after_s if steps else roads.GIVE_UP_S
        store.insert("parcels", row | {"next_ms": _due(desk, at, first)})
    desk.wake.set()
    return True


def advance(desk: Desk) -> None:
    """Every parcel whose next step is due takes it, and a push about it is written down."""
    at, store = now_ms(), desk.store
    for row in store.all("SELECT * FROM parcels WHERE next_ms <= ? ORDER BY next_ms LIMIT 100", at):
        steps = roads.road(row["num"], row["start"], row["goal"], row["outcome"])
        with store.change():
            told = row["told"] + 1 if steps else 0
            following = _due(desk, row["subscribed_ms"], steps[told].after_s) if told < len(steps) else None
            store.run(
                "UPDATE parcels SET told = ?, next_ms = ? WHERE com = ? AND num = ?",
                told,
                following,
                row["com"],
                row["num"],
            )
            _tell(desk, row | {"told": told}, following is None)


def result_of(desk: Desk, row: Row) -> dict[str, Any]:
    """What is known of a parcel now, newest first, as Kuaidi100 answers a query and fills `lastResult`."""
    steps = roads.road(row["num"], row["start"], row["goal"], row["outcome"])[: row["told"]]
    data = [
        {
            "context": step.text,
            "time": _text(_due(desk, row["subscribed_ms"], step.after_s)),
            "ftime": _text(_due(desk, row["subscribed_ms"], step.after_s)),
            "status": step.name,
            "statusCode": step.code,
            "areaCode": None,
            "areaName": step.place,
        }
        for step in reversed(steps)
    ]
    state = steps[-1].state if steps else "0"
    return {
        "message": "ok",
        "nu": row["num"],
        "ischeck": "1" if state == "3" else "0",
        "com": row["com"],
        "status": "200",
        "state": state,
        "condition": "F00",
        "data": data,
    }


def _tell(desk: Desk, row: Row, is_last: bool) -> None:
    faults = faults_for(desk.store, row["num"])
    if row["told"] == 0:
        status, message, result = "abort", "3天查询无记录", result_of(desk, row) | {"message": "", "status": "400"}
    else:
        result = result_of(desk, row)
        status, message = ("shutdown" if result["state"] in FINAL else "polling"), ""
    param = json.dumps(
        {
            "status": status,
            "billstatus": "check" if is_last else "got",
            "message": message,
            "autoCheck": "0",
            "comOld": "",
            "comNew": "",
            "lastResult": result,
        },
        ensure_ascii=False,
    )
    if faults.garble:
        param = param[: len(param) // 2]
    push = {
        "com": row["com"],
        "num": row["num"],
        "url": row["callback_url"],
        "param": param,
        "sign": signature(param, "another salt" if faults.forge else row["salt"]),
        "copies": 1 + faults.duplicate,
        "due_ms": now_ms() + faults.delay_ms,
        "state": "lost" if faults.lose else "held" if faults.reorder and not is_last else "waiting",
    }
    desk.store.insert("pushes", push)


def _due(desk: Desk, subscribed_ms: int, after_s: int) -> int:
    return subscribed_ms + round(after_s * 1000 * desk.settings.time_scale)


def _text(at_ms: int) -> str:
    """Local time of China without a zone, as Kuaidi100 writes it."""
    return stamp(at_ms, "%Y-%m-%d %H:%M:%S")
