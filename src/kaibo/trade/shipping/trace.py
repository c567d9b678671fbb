"""Act on what a carrier says of a number: keep the new steps, and let parcel and order follow."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderState, ParcelDelivered
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.receive import RECEIVE
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.orders.terms import terms
from kaibo.trade.shipping import carriers, rules
from kaibo.trade.shipping.carrier import Step, Trace
from kaibo.trade.shipping.lookup import parcels_of_order, steps_of
from kaibo.trade.shipping.model import Parcel, ParcelState, PushOutcome
from kaibo.trade.shipping.tables import parcel_steps, parcels
from kaibo.trade.shipping.wiring import house_time


async def follow(db: Db, trace: Trace) -> PushOutcome:
    """Every parcel of this number gets the steps it does not have yet. The same again, or an older part, changes nothing."""
    here = (parcels.c.carrier == trace.carrier) & (parcels.c.tracking_number == trace.tracking_number)
    order_ids = (await db.scalars(select(parcels.c.order_id).where(here).distinct().order_by(parcels.c.order_id))).all()
    if not order_ids:
        return PushOutcome.UNKNOWN_PARCEL
    news = False
    for order_id in order_ids:
        news |= await _follow_order(db, order_id, trace)
    return PushOutcome.NEWS if news else PushOutcome.NOTHING_NEW


async def _follow_order(db: Db, order_id: UUID, trace: Trace) -> bool:
    order = await lock_order(db, order_id)
    number = (trace.carrier, trace.tracking_number)
    found = await parcels_of_order(db, order_id)
    mine = next((parcel for parcel in found if (parcel.carrier, parcel.tracking_number) == number), None)
    if mine is None:  # corrected while we waited for the lock
        return False
    now = clock.now()
    news = await _keep(db, mine, trace, now)
    moved = await _move(db, mine, trace.given_up, now)
    if moved.state is ParcelState.DELIVERED and mine.state is not ParcelState.DELIVERED:
        await _arrived(db, order, [moved if parcel.id == moved.id else parcel for parcel in found], moved)
    return news


async def _keep(db: Db, parcel: Parcel, trace: Trace, now: datetime) -> bool:
    rows = [
        {
            "parcel_id": parcel.id,
            "tracking_number": parcel.tracking_number,
            "at": house_time(step.at),
            "ordinal": ordinal,
            "state": step.state.value,
            "code": step.code,
            "text": step.text,
            "place": step.place,
            "print": _print(trace, step),
        }
        for ordinal, step in enumerate(trace.steps)
        if rules.is_believable(house_time(step.at), now)
    ]
    if not rows:
        return False
    steps = parcel_steps
    new = insert(steps).values(_once(rows)).on_conflict_do_nothing(index_elements=["parcel_id", "print"])
    return (await db.execute(new.returning(steps.c.id))).first() is not None


async def _move(db: Db, parcel: Parcel, given_up: str, now: datetime) -> Parcel:
    """The parcel stands where the newest of its steps says."""
    steps = (await steps_of(db, [parcel])).get(parcel.id, [])
    last = rules.newest(steps)
    moved = replace(parcel, heard_at=now, track_error=given_up or None)
    if last is not None:
        signed = rules.delivered_at(steps, parcel, now)
        moved = replace(moved, state=last.state, last_at=last.at, last_text=last.text, delivered_at=signed)
    names = ("heard_at", "track_error", "last_at", "last_text", "delivered_at")
    values = {name: getattr(moved, name) for name in names} | {"state": moved.state.value}
    await db.execute(update(parcels).where(parcels.c.id == parcel.id).values(values))
    return moved


async def _arrived(db: Db, order: Order, found: Sequence[Parcel], parcel: Parcel) -> None:
    """The clock of receiving starts anew when the last parcel has arrived."""
    now = clock.now()
    said = f"{carriers.name(parcel.carrier)} {parcel.tracking_number}"
    await note_history(db, order, at=now, actor="carrier", why="trade.why.parcel_delivered", said=said)
    everything = order.state is OrderState.SHIPPED and all(one.delivered_at for one in found)
    assert parcel.delivered_at is not None
    told = ParcelDelivered(
        **about(order, now),
        parcel_id=parcel.id,
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        delivered_at=parcel.delivered_at,
        was_last=everything,
    )
    await publish(db, told)
    before = rules.receive_before(order, found, terms())
    if everything and before is not None:
        await change_order(db, replace(order, receive_before=before), "receive_before")
        await timers.set_timer(db, kind=RECEIVE, key=str(order.id), due_at=before)


def _print(trace: Trace, step: Step) -> str:
    told = f"{trace.carrier}\n{trace.tracking_number}\n{step.at.isoformat()}\n{step.code}\n{step.text}"
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _once(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A provider may say the same step twice in one list."""
    return list({row["print"]: row for row in rows}.values())
