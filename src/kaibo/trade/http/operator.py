"""What the platform's operators see: any order, what the payment provider said."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from kaibo.kernel.web import CallerDep, DbDep, Page, PageQuery, auth
from kaibo.trade.http.buyer import States
from kaibo.trade.http.present import present_page
from kaibo.trade.http.shop import Words
from kaibo.trade.orders.lookup import Which
from kaibo.trade.payment.model import Outcome
from kaibo.trade.payment.tables import notices
from kaibo.trade.wire import NoticeWire, OrderWire

router = APIRouter(tags=["operators"])


@router.get("/api/operator/orders", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def search_orders(
    db: DbDep,
    caller: CallerDep,
    page: PageQuery,
    q: Words = "",
    state: States = [],  # noqa: B006
) -> Page[OrderWire]:
    """`q`: the beginning of an order number, or a tracking number."""
    return await present_page(db, Which(q=q, states=tuple(state)), page, "operator", caller)


@router.get("/api/operator/payment-notices", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def payment_notices(db: DbDep, page: PageQuery, outcome: Outcome | None = None) -> Page[NoticeWire]:
    """What was delivered to the payment callback, newest first: genuine, repeated, late, forged."""
    n = notices
    query = select(n.c.id, n.c.received_at, n.c.outcome, n.c.answered, n.c.number, n.c.detail)
    if outcome is not None:
        query = query.where(n.c.outcome == outcome.value)
    if (before := page.uuid(0)) is not None:
        query = query.where(n.c.id < before)
    rows = (await db.execute(query.order_by(n.c.id.desc()).limit(page.limit + 1))).all()
    shown = [NoticeWire(**row._mapping) for row in rows[: page.limit]]
    return Page[NoticeWire](items=shown, next_cursor=page.next(rows))
