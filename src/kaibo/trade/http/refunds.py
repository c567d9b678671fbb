"""What operators do with refunds that the provider could not pay."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Row

from kaibo.kernel.web import CallerDep, DbDep, Id, Page, PageQuery, auth
from kaibo.trade.contracts import RefundMissing
from kaibo.trade.payment.abnormal import pay_by_hand, retry_refund
from kaibo.trade.payment.lookup import list_refunds, refund_row
from kaibo.trade.payment.model import RefundRow
from kaibo.trade.wire_payment import OperatorRefund, PaidByHandIn, RetryRefundIn

router = APIRouter(tags=["operators"])


@router.get("/api/operator/refunds", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def refunds(db: DbDep, page: PageQuery, state: RefundRow | None = None) -> Page[OperatorRefund]:
    """Refunds, newest first; `state=abnormal` are those that wait for an operator."""
    rows = await list_refunds(db, state, before=page.uuid(0), limit=page.limit + 1)
    shown = [_wire(row) for row in rows[: page.limit]]
    return Page[OperatorRefund](items=shown, next_cursor=page.next(rows))


@router.post(
    "/api/operator/refunds/{refund_id}/retry", dependencies=[auth.platform("operator"), auth.scope("platform:write")]
)
async def retry(refund_id: Id, body: RetryRefundIn, db: DbDep, caller: CallerDep) -> OperatorRefund:
    """Have an abnormal refund asked about again, or paid under a new number."""
    await retry_refund(db, refund_id, by=caller.id, reason=body.reason, anew=body.anew)
    return await _one(db, refund_id)


@router.post(
    "/api/operator/refunds/{refund_id}/paid-by-hand",
    dependencies=[auth.platform("operator")],
)
async def paid_by_hand(refund_id: Id, body: PaidByHandIn, db: DbDep, caller: CallerDep) -> OperatorRefund:
    """The platform has paid the buyer itself: the promise is kept out of its bank account."""
    await pay_by_hand(db, refund_id, by=caller.id, reason=body.reason, reference=body.reference)
    return await _one(db, refund_id)


async def _one(db: DbDep, refund_id: Id) -> OperatorRefund:
    row = await refund_row(db, refund_id)
    if row is None:
        raise RefundMissing(refund_id=str(refund_id))
    return _wire(row)


def _wire(row: Row[Any]) -> OperatorRefund:
    return OperatorRefund(
        id=row.id,
        order_id=row.order_id,
        order_number=row.number,
        shop_name=row.shop_name,
        method=row.method,
        number=row.out_refund_no,
        kind=row.kind,
        state=RefundRow(row.state),
        fen=row.fen,
        reason=row.reason,
        promised_by=row.promised_by,
        tries=row.tries,
        last_error=row.last_error,
        created_at=row.created_at,
        done_at=row.done_at,
        handled_why=row.handled_why,
        handled_at=row.handled_at,
        handled_reference=row.handled_reference,
    )
