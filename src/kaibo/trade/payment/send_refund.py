"""Send a refund to the provider, or ask how it stands. Repeated by its timer until the provider says that it is done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock, jobs, timers
from kaibo.kernel.db import Database, Db
from kaibo.kernel.errors import Unavailable
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.payment import wiring
from kaibo.trade.payment.gateway import GatewayError, RefundRequest, RefundState, RefundStatus
from kaibo.trade.payment.hear_refund import hear_refund
from kaibo.trade.payment.lookup import charge_by_id, refund_by_id
from kaibo.trade.payment.model import REFUND_FINAL, Charge, Refund, RefundId, RefundRow
from kaibo.trade.payment.pace import wait_seconds
from kaibo.trade.payment.refund import REFUND
from kaibo.trade.payment.start import ERROR_CHARS_MAX
from kaibo.trade.payment.tables import refunds

log = get_logger(__name__)

SEND_REFUND = "trade.payment.send_refund"
SEND_SECONDS_FIRST = 5.0
SEND_SECONDS_MAX = 3600.0


async def drive_refund(db: Db, key: str, payload: dict[str, Any]) -> None:
    """The timer `trade.payment.refund`. It stays until the refund is final, whatever happens to the job."""
    refund = await refund_by_id(db, UUID(key))
    if refund is None or refund.state in REFUND_FINAL:
        return
    tries = int(payload.get("tries", 0))
    due_at = clock.now() + timedelta(seconds=wait_seconds(tries, first=SEND_SECONDS_FIRST, most=SEND_SECONDS_MAX))
    await timers.set_timer(db, kind=REFUND, key=key, due_at=due_at, payload={"tries": tries + 1})
    await jobs.defer(db, SEND_REFUND, refund_id=key)


async def send_refund(database: Database, refund_id: RefundId) -> None:
    """One conversation with the provider; no transaction is open meanwhile."""
    async with database.transaction() as db:
        refund = await refund_by_id(db, refund_id)
        if refund is None or refund.state in REFUND_FINAL:
            return
        charge = await charge_by_id(db, refund.charge_id)
        assert charge is not None
        counted = {"tries": refunds.c.tries + 1}
        await db.execute(update(refunds).where(refunds.c.id == refund.id).values(counted))
    try:
        said = await _converse(refund, charge)
    except (GatewayError, Unavailable) as wrong:
        log.warning("refund.unsent", out_refund_no=refund.out_refund_no, error=str(wrong))
        async with database.transaction() as db:
            error = {"last_error": str(wrong)[:ERROR_CHARS_MAX]}
            await db.execute(update(refunds).where(refunds.c.id == refund.id).values(error))
        return
    async with database.transaction() as db:
        await hear_refund(
            db, refund.out_refund_no, said.status, fen=said.refund_fen, refund_id=said.refund_id, at=said.refunded_at
        )


async def _converse(refund: Refund, charge: Charge) -> RefundState:
    gateway = wiring.gateway(charge.provider)
    if refund.state is not RefundRow.ASKED:
        said = await gateway.query_refund(
            refund.out_refund_no, out_trade_no=charge.out_trade_no, provider_ref=charge.provider_ref
        )
        if said.status is not RefundStatus.NOT_FOUND:
            return said
    # The same number with the same content refunds once, however often it is sent.
    return await gateway.refund(
        RefundRequest(
            out_trade_no=charge.out_trade_no,
            out_refund_no=refund.out_refund_no,
            refund_fen=refund.fen,
            total_fen=charge.amount_fen,
            reason=refund.reason or "退款",
            notify_url=refund.notify_url,
            currency=charge.currency,
            provider_ref=charge.provider_ref,
        )
    )
