"""A carrier has delivered the return parcel: the merchant's time to inspect begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.lookup import lock_case
from kaibo.trade.aftersales.model import CaseState
from kaibo.trade.aftersales.record import change_case, note_step
from kaibo.trade.aftersales.tables import cases
from kaibo.trade.orders.rules import due
from kaibo.trade.orders.terms import terms


async def parcel_delivered_back(db: Db, carrier: str, tracking_number: str, delivered_at: datetime) -> int:
    """What the carrier says about a parcel, acted on once; returns how many cases it brought forward."""
    parcel = (cases.c.return_carrier == carrier) & (cases.c.return_number == tracking_number.strip().upper())
    waiting = parcel & (cases.c.state == CaseState.RETURNING.value) & cases.c.delivered_at.is_(None)
    found = list((await db.execute(select(cases.c.id).where(waiting).order_by(cases.c.id))).scalars())
    for case_id in found:
        await _delivered(db, case_id, delivered_at)
    return len(found)


async def _delivered(db: Db, case_id: UUID, delivered_at: datetime) -> None:
    _, case = await lock_case(db, case_id)
    if case.state is not CaseState.RETURNING or case.delivered_at is not None:
        return
    period = rules.inspection_period(case.kind)
    deadline = due(delivered_at, period.seconds, terms())
    delivered = replace(case, delivered_at=delivered_at, deadline=deadline, deadline_rule=period.rule)
    await change_case(db, delivered)
    await note_step(db, delivered, actor="system", why="trade.case_why.delivered_back", rule=period.rule)
