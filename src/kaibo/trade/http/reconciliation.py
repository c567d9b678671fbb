"""Reconciliation with the payment providers, for operators."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, status

from kaibo.kernel.web import CallerDep, DbDep, Id, auth
from kaibo.trade.bills.days import today
from kaibo.trade.reconciliation.errors import DayNotOver
from kaibo.trade.reconciliation.fetch import ask_comparison
from kaibo.trade.reconciliation.lookup import list_days, list_differences
from kaibo.trade.reconciliation.work_off import accept_difference, close_day, link_difference, note_difference
from kaibo.trade.wire_money import (
    Differences,
    DifferenceWire,
    LinkIn,
    NoteIn,
    Provider,
    ReconciledDay,
    ReconciledDays,
)

router = APIRouter(tags=["reconciliation"])
operator = auth.platform("operator")
State = Literal["open", "accepted", "linked", "gone"]


@router.get("/api/operator/reconciliation", dependencies=[operator])
async def reconciliation_days(db: DbDep) -> ReconciledDays:
    """The days that were compared, newest first, with how many differences are open."""
    return ReconciledDays(items=[ReconciledDay(**vars(one)) for one in await list_days(db)])


@router.get("/api/operator/reconciliation/differences", dependencies=[operator])
async def reconciliation_differences(
    db: DbDep,
    provider: Provider | None = None,
    day: date | None = None,
    state: Annotated[list[State] | None, Query()] = None,
) -> Differences:
    found = await list_differences(db, provider=provider, day=day, states=state or ())
    return Differences(items=[DifferenceWire(**vars(one)) for one in found])


@router.post(
    "/api/operator/reconciliation/{provider}/{day}/compare",
    dependencies=[operator],
    status_code=status.HTTP_202_ACCEPTED,
)
async def reconciliation_compare(provider: Provider, day: date, db: DbDep) -> ReconciledDays:
    """Have a worker fetch the provider's statement of that day and compare it; look again in a moment."""
    if day >= today():
        raise DayNotOver(day=day.isoformat())
    await ask_comparison(db, provider, day)
    return await reconciliation_days(db)


@router.post("/api/operator/reconciliation/{provider}/{day}/close", dependencies=[operator])
async def reconciliation_close(provider: Provider, day: date, db: DbDep, caller: CallerDep) -> ReconciledDays:
    """Refused while a difference is open."""
    await close_day(db, provider, day, by=caller.id)
    return await reconciliation_days(db)


@router.post("/api/operator/reconciliation/differences/{difference_id}/accept", dependencies=[operator])
async def reconciliation_accept(difference_id: Id, body: NoteIn, db: DbDep, caller: CallerDep) -> Differences:
    """Take it into the books against the account of differences."""
    await accept_difference(db, difference_id, note=body.note, by=caller.id)
    return await reconciliation_differences(db, state=["open"])


@router.post("/api/operator/reconciliation/differences/{difference_id}/link", dependencies=[operator])
async def reconciliation_link(difference_id: Id, body: LinkIn, db: DbDep, caller: CallerDep) -> Differences:
    """It belongs to something else: a row of another day, an order, a ticket at the provider."""
    await link_difference(db, difference_id, linked_to=body.linked_to, note=body.note, by=caller.id)
    return await reconciliation_differences(db, state=["open"])


@router.post("/api/operator/reconciliation/differences/{difference_id}/note", dependencies=[operator])
async def reconciliation_note(difference_id: Id, body: NoteIn, db: DbDep) -> Differences:
    """Write down what is known; the difference stays open."""
    await note_difference(db, difference_id, note=body.note)
    return await reconciliation_differences(db, state=["open"])
