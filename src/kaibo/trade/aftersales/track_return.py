"""Follow a return parcel: ask the carrier service until it says that it was delivered, or nobody waits for it any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from kaibo.kernel import clock, jobs, timers
from kaibo.kernel.db import Database, Db
from kaibo.kernel.errors import Unavailable
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.aftersales.deliver_back import parcel_delivered_back
from kaibo.trade.aftersales.lookup import find_case
from kaibo.trade.aftersales.model import Case, CaseState
from kaibo.trade.aftersales.rules import RETURN_ASK_SECONDS
from kaibo.trade.orders.rules import due
from kaibo.trade.orders.terms import terms
from kaibo.trade.shipping import wiring
from kaibo.trade.shipping.carrier import CarrierError
from kaibo.trade.shipping.model import ParcelState

log = get_logger(__name__)

TRACK_RETURN = "trade.aftersales.track"
ASK_RETURN = "trade.aftersales.ask_carrier"
ASK_SECONDS_MIN = 30
"""However much a rehearsal shortens time, a carrier is not asked more often."""


async def follow_return(db: Db, case: Case) -> None:
    """Set the next look at a parcel that is on its way back."""
    now, house = clock.now(), terms()
    due_at = max(due(now, RETURN_ASK_SECONDS, house), now + timedelta(seconds=ASK_SECONDS_MIN))
    await timers.set_timer(db, kind=TRACK_RETURN, key=str(case.id), due_at=due_at)


async def drive_return(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer `trade.aftersales.track`. Every firing starts one conversation, and sets the next."""
    case = await find_case(db, UUID(key))
    if _is_awaited(case):
        await follow_return(db, case)
        await jobs.defer(db, ASK_RETURN, case_id=key)


async def ask_return(database: Database, case_id: UUID) -> None:
    """One conversation with the carrier service; no transaction is open meanwhile. Its silence is asked again by the timer."""
    async with database.transaction() as db:
        case = await find_case(db, case_id)
    if not _is_awaited(case) or case.return_carrier is None or case.return_number is None:
        return
    phone = case.return_to.phone if case.return_to is not None else ""
    try:
        trace = await wiring.carrier().query(case.return_carrier, case.return_number, phone)
    except (CarrierError, Unavailable) as wrong:
        log.warning("return.not_followed", tracking_number=case.return_number, error=str(wrong))
        return
    signed = [step.at for step in trace.steps if step.state is ParcelState.DELIVERED] if trace is not None else []
    if not signed:
        return
    at = min(clock.now(), max(case.sent_at or case.created_at, wiring.house_time(min(signed))))
    async with database.transaction() as db:
        await parcel_delivered_back(db, case.return_carrier, case.return_number, at)


def _is_awaited(case: Case) -> bool:
    return case.state is CaseState.RETURNING and case.delivered_at is None
