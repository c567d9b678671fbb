"""What the carrier service has pushed, for operators: what changed a parcel, what nobody knows, what was refused."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from kaibo.kernel.web import CallerDep, DbDep, Id, Page, PageQuery, auth
from kaibo.trade.shipping.hear import hear_again
from kaibo.trade.shipping.model import PushOutcome
from kaibo.trade.shipping.tables import carrier_notices
from kaibo.trade.shipping.wire import CarrierNoticeWire

router = APIRouter(tags=["operators"])


@router.get("/api/operator/carrier-notices", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def list_carrier_notices(
    db: DbDep, page: PageQuery, outcome: PushOutcome | None = None, q: str = ""
) -> Page[CarrierNoticeWire]:
    """Pushes that changed something, were of a number nobody knows, or were refused, newest first. `q`: a tracking number."""
    n = carrier_notices
    query = select(n.c.id, n.c.received_at, n.c.outcome, n.c.answered, n.c.tracking_number, n.c.detail)
    if outcome is not None:
        query = query.where(n.c.outcome == outcome.value)
    if q.strip():
        query = query.where(n.c.tracking_number == q.strip().upper())
    if (before := page.uuid(0)) is not None:
        query = query.where(n.c.id < before)
    rows = (await db.execute(query.order_by(n.c.id.desc()).limit(page.limit + 1))).all()
    shown = [CarrierNoticeWire(**row._mapping) for row in rows[: page.limit]]
    return Page[CarrierNoticeWire](items=shown, next_cursor=page.next(rows))


@router.post(
    "/api/operator/carrier-notices/{notice_id}/replay",
    dependencies=[auth.platform("operator"), auth.scope("platform:write")],
)
async def replay_carrier_notice(notice_id: Id, db: DbDep, caller: CallerDep) -> CarrierNoticeWire:
    """Hear a push of an unknown number again, now that the shop has put it right. What is known already changes nothing."""
    return CarrierNoticeWire(**vars(await hear_again(db, notice_id, by=caller.id)))
