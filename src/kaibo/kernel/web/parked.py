"""Parked events: what a consumer could not handle, for an operator to read, replay or close with a reason."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from sqlalchemy import select, update

from kaibo.kernel import clock, reactions, tables
from kaibo.kernel.db import Db
from kaibo.kernel.errors import Conflict, Missing, refusal
from kaibo.kernel.web import auth
from kaibo.kernel.web.deps import CallerDep, DbDep, StateDep
from kaibo.kernel.web.pages import Page, PageQuery
from kaibo.kernel.web.wire import Id, Instant, Text, Wire

router = APIRouter()

REASON_CHARS_MAX = 500


@refusal
class ReplayFailed(Conflict):
    code = "kernel.replay_failed"
    error: str


@refusal
class NoSuchConsumer(Conflict):
    code = "kernel.no_such_consumer"
    consumer: str


class ParkedEvent(Wire):
    id: Id
    consumer: str
    subject: str
    event_id: Id
    body: dict[str, Any]
    error: str
    tries: int
    parked_at: Instant


class CloseBody(Wire):
    reason: Annotated[Text, StringConstraints(min_length=1, max_length=REASON_CHARS_MAX)] = Field()


@router.get("/api/operator/parked-events", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def list_parked_events(db: DbDep, page: PageQuery) -> Page[ParkedEvent]:
    t = tables.parked
    query = select(t).where(t.c.closed_at.is_(None)).order_by(t.c.id).limit(page.limit + 1)
    if (after := page.uuid(0)) is not None:
        query = query.where(t.c.id > after)
    rows = (await db.execute(query)).all()
    items = [
        ParkedEvent.model_validate({k: r._mapping[k] for k in ParkedEvent.model_fields}) for r in rows[: page.limit]
    ]
    return Page(items=items, next_cursor=page.next(rows))


async def _open(db: Db, parked_id: UUID) -> Any:
    t = tables.parked
    row = (await db.execute(select(t).where(t.c.id == parked_id, t.c.closed_at.is_(None)).with_for_update())).first()
    if row is None:
        raise Missing(what="parked event", id=str(parked_id))
    return row


async def _close(db: Db, parked_id: UUID, by: UUID, why: str) -> None:
    t = tables.parked
    await db.execute(update(t).where(t.c.id == parked_id).values(closed_at=clock.now(), closed_by=by, closed_why=why))


@router.post(
    "/api/operator/parked-events/{parked_id}/replay",
    status_code=204,
    dependencies=[auth.platform("operator"), auth.scope("platform:write")],
)
async def replay_parked_event(parked_id: Id, db: DbDep, caller: CallerDep, state: StateDep) -> None:
    """Run the consumer again on this event; closed when it succeeds, and the new error is told when it does not."""
    row = await _open(db, parked_id)
    known: dict[str, reactions.Reaction] = state.parts.get(reactions.Reaction, {})
    if row.consumer not in known:
        raise NoSuchConsumer(consumer=row.consumer)
    try:
        await reactions.apply(state.database, known[row.consumer], row.event_id, row.body)
    except Exception as wrong:
        raise ReplayFailed(error=repr(wrong)[:500]) from wrong
    await _close(db, parked_id, caller.id, "replayed")


@router.delete(
    "/api/operator/parked-events/{parked_id}",
    status_code=204,
    dependencies=[auth.platform("operator"), auth.scope("platform:write")],
)
async def close_parked_event(parked_id: Id, body: CloseBody, db: DbDep, caller: CallerDep) -> None:
    await _open(db, parked_id)
    await _close(db, parked_id, caller.id, body.reason)
