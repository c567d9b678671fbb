"""Follow a parcel: subscribe to its news, and ask when none comes. A timer drives it until the parcel has arrived."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock, jobs, timers
from kaibo.kernel.db import Database, Db
from kaibo.kernel.errors import Unavailable
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.orders.lookup import find_order
from kaibo.trade.orders.terms import terms
from kaibo.trade.payment.pace import wait_seconds
from kaibo.trade.shipping import rules, wiring
from kaibo.trade.shipping.carrier import CarrierError, CarrierRefused, ToFollow
from kaibo.trade.shipping.lookup import parcel_by_id
from kaibo.trade.shipping.model import Parcel, ParcelId
from kaibo.trade.shipping.tables import parcels
from kaibo.trade.shipping.trace import follow

log = get_logger(__name__)

TRACK = "trade.parcel.track"
ASK_CARRIER = "trade.parcel.ask"
SUBSCRIBE_SECONDS_FIRST = 5.0
SUBSCRIBE_SECONDS_MAX = 3600.0
ASK_SECONDS_MIN = 30.0
"""However much a rehearsal shortens time, a carrier is not asked more often."""
ERROR_CHARS_MAX = 300


async def drive_parcel(db: Db, key: str, payload: dict[str, Any]) -> None:
    """The timer `trade.parcel.track`. Every firing starts one conversation, and sets the next."""
    parcel = await parcel_by_id(db, UUID(key))
    if parcel is None or parcel.state in rules.FINAL:
        return
    now, tries = clock.now(), int(payload.get("tries", 0))
    if now - parcel.shipped_at > timedelta(days=rules.FOLLOW_DAYS_MAX):
        return
    if parcel.subscribed_at is None:
        wait = wait_seconds(tries, first=SUBSCRIBE_SECONDS_FIRST, most=SUBSCRIBE_SECONDS_MAX)
        due_at, tries = now + timedelta(seconds=wait), tries + 1
    else:
        due_at = ask_at(parcel, now)
    await timers.set_timer(db, kind=TRACK, key=key, due_at=due_at, payload={"tries": tries})
    if parcel.subscribed_at is None or ask_at(parcel, now, first=True) <= now:
        await jobs.defer(db, ASK_CARRIER, parcel_id=key)


def ask_at(parcel: Parcel, now: datetime, *, first: bool = False) -> datetime:
    """When a parcel without news is asked about; `first`: counted from the last news, which may be in the past."""
    seconds = max(ASK_SECONDS_MIN, rules.ASK_SECONDS * terms().scale)
    heard = max(filter(None, (parcel.subscribed_at, parcel.heard_at)), default=parcel.shipped_at)
    due_at = heard + timedelta(seconds=seconds)
    return due_at if first or due_at > now else now + timedelta(seconds=seconds)


async def ask_carrier(database: Database, parcel_id: ParcelId) -> None:
    """One conversation with the carrier service; no transaction is open meanwhile."""
    async with database.transaction() as db:
        parcel = await parcel_by_id(db, parcel_id)
        if parcel is None or parcel.state in rules.FINAL:
            return
        order = await find_order(db, parcel.order_id)
    to = order.address
    wanted = ToFollow(
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        phone=to.phone,
        start="",
        goal=f"{to.province}{to.city}{to.district}",
        push_url=wiring.push_url(),
    )
    try:
        if parcel.subscribed_at is None and await _subscribed(database, parcel, wanted):
            return
        trace = await wiring.carrier().query(parcel.carrier, parcel.tracking_number, to.phone)
    except (CarrierError, Unavailable) as wrong:
        log.warning("parcel.not_followed", tracking_number=parcel.tracking_number, error=str(wrong))
        await _note(database, parcel, track_error=str(wrong)[:ERROR_CHARS_MAX])
        return
    if trace is None:
        await _note(database, parcel, heard_at=clock.now())
        return
    async with database.transaction() as db:
        await follow(db, trace)


async def _subscribed(database: Database, parcel: Parcel, wanted: ToFollow) -> bool:
    """True where news will come by itself from here on. A number that somebody subscribed before us may have a past: ask."""
    try:
        fresh = await wiring.carrier().subscribe(wanted)
    except CarrierRefused as refusal:
        if not refusal.lasting:
            raise
        # Asking again is of no use: the parcel stays without a trace, and the merchant is told why.
        await _note(database, parcel, subscribed_at=clock.now(), track_error=refusal.message[:ERROR_CHARS_MAX])
        return True
    await _note(database, parcel, subscribed_at=clock.now(), track_error=None)
    return fresh


async def _note(database: Database, parcel: Parcel, **values: object) -> None:
    async with database.transaction() as db:
        same = (parcels.c.id == parcel.id) & (parcels.c.tracking_number == parcel.tracking_number)
        await db.execute(update(parcels).where(same).values(**values))
