"""Refunds: asked for in a transaction, sent by a job, finished when the provider says so.

The money is promised (`refunds_payable`) the moment it is decided and leaves (`gateway`) only when it has really gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.outbox import publish
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.contracts import OrderState, PaymentRefundedLate
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders.lookup import lock_order, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, note_history
from kaibo.trade.orders.refund import finish_refund, grant_refund
from kaibo.trade.payment import wiring
from kaibo.trade.payment.gateway import RefundStatus
from kaibo.trade.payment.lookup import charge_by_id, paid_charge, refund_by_id, refund_by_number
from kaibo.trade.payment.model import REFUND_FINAL, Charge, Outcome, Refund, RefundId, RefundKind, RefundRow
from kaibo.trade.payment.pace import wait_seconds
from kaibo.trade.payment.tables import refunds

log = get_logger(__name__)

REFUND = "trade.payment.refund"
AGAIN_SECONDS_FIRST = 30.0
AGAIN_SECONDS_MAX = 3600.0


async def refund_before_shipping(db: Db, order_id: UUID, *, buyer_id: UUID, reason: str) -> Order:
    """The buyer wants the money of an order that has not been shipped: granted at once and in full.

    Raises OrderMissing, WrongState.
    """
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    if order.state in (OrderState.REFUNDING, OrderState.REFUNDED):
        return order
    refunding = await grant_refund(db, order, reason=reason, by=buyer_id)
    charge = await paid_charge(db, order.id)
    assert charge is not None, f"order {order.number} is paid without a charge"
    refund_id = await ask_refund(db, charge, kind="before_shipping", reason=reason)
    escrow = Account(AccountKind.ESCROW, order.shop_id)
    entries = move(escrow, (Account(AccountKind.REFUNDS_PAYABLE), charge.amount_fen))
    key, why = f"refund_promised:{refund_id}", "trade.why.ledger_refund_promised"
    await post(db, Posting(PostingKind.REFUND_PROMISED, key, order.id, why, "buyer", entries))
    return refunding


async def ask_refund(
    db: Db, charge: Charge, *, kind: RefundKind, reason: str, due_at: datetime | None = None
) -> RefundId:
    """Write down that the whole of `charge` is to be refunded, and have it sent at `due_at` (default: now)."""
    numbered = select(func.coalesce(func.max(refunds.c.attempt), 0)).where(refunds.c.charge_id == charge.id)
    attempt = 1 + int(await db.scalar(numbered) or 0)
    refund_id = RefundId(new_id())
    await db.execute(
        refunds.insert().values(
            id=refund_id,
            order_id=charge.order_id,
            charge_id=charge.id,
            out_refund_no=f"{charge.out_trade_no}R{attempt:02d}",
            attempt=attempt,
            kind=kind,
            state=RefundRow.ASKED.value,
            fen=charge.amount_fen,
            reason=reason,
            notify_url=wiring.notify_url(),
            tries=0,
        )
    )
    await timers.set_timer(db, kind=REFUND, key=str(refund_id), due_at=due_at or clock.now())
    return refund_id


async def hear_refund(
    db: Db, out_refund_no: str, status: RefundStatus, *, fen: int | None, refund_id: str | None, at: datetime | None
) -> Outcome:
    """Act once on what the provider says about a refund, in a callback or when asked."""
    found = await refund_by_number(db, out_refund_no)
    if found is None:
        return Outcome.UNKNOWN_REFUND
    order = await lock_order(db, found.order_id)
    refund = await refund_by_id(db, found.id, lock=True)
    assert refund is not None
    if refund.state in REFUND_FINAL:
        return Outcome.DUPLICATE
    if fen is not None and fen != refund.fen:
        log.error("refund.wrong_amount", out_refund_no=out_refund_no, said_fen=fen, asked_fen=refund.fen)
        await _set(db, refund, last_error=f"the provider speaks of {fen} fen")
        return Outcome.WRONG_AMOUNT
    if status is RefundStatus.DONE:
        await _done(db, order, refund, refund_id, at)
        return Outcome.REFUND_DONE
    if status is RefundStatus.CLOSED:
        await _again(db, refund)
        return Outcome.REFUND_AGAIN
    if status is RefundStatus.ABNORMAL:
        await _abnormal(db, order, refund)
        return Outcome.REFUND_ABNORMAL
    if status is RefundStatus.PROCESSING and refund.state is RefundRow.ASKED:
        await _set(db, refund, state=RefundRow.PROCESSING.value, refund_id=refund_id)
    return Outcome.REFUND_GOING_ON


async def _done(db: Db, order: Order, refund: Refund, refund_id: str | None, at: datetime | None) -> None:
    done_at = at or clock.now()
    await _set(db, refund, state=RefundRow.DONE.value, refund_id=refund_id, done_at=done_at, last_error=None)
    await timers.cancel_timer(db, kind=REFUND, key=str(refund.id))
    entries = move(Account(AccountKind.REFUNDS_PAYABLE), (Account(AccountKind.GATEWAY), refund.fen))
    key, why = f"refund_paid:{refund.id}", "trade.why.ledger_refund_paid"
    await post(db, Posting(PostingKind.REFUND_PAID, key, order.id, why, "payment", entries))
    if refund.kind == "before_shipping":
        await finish_refund(db, order, refund_fen=refund.fen, reason=refund.reason)
        return
    now = clock.now()
    await note_history(db, order, at=now, actor="payment", why="trade.why.refunded_late")
    await publish(db, PaymentRefundedLate(**about(order, now), refund_fen=refund.fen))


async def _again(db: Db, refund: Refund) -> None:
    """The provider gave this number up, so the next attempt needs another one. The promise in the ledger stands."""
    await _set(db, refund, state=RefundRow.CLOSED.value)
    await timers.cancel_timer(db, kind=REFUND, key=str(refund.id))
    charge = await charge_by_id(db, refund.charge_id)
    assert charge is not None
    wait = wait_seconds(refund.attempt, first=AGAIN_SECONDS_FIRST, most=AGAIN_SECONDS_MAX)
    due_at = clock.now() + timedelta(seconds=wait)
    await ask_refund(db, charge, kind=refund.kind, reason=refund.reason, due_at=due_at)


async def _abnormal(db: Db, order: Order, refund: Refund) -> None:
    if refund.state is RefundRow.ABNORMAL:
        return
    await _set(db, refund, state=RefundRow.ABNORMAL.value)
    log.error("refund.abnormal", out_refund_no=refund.out_refund_no, order=order.number)
    await note_history(db, order, at=clock.now(), actor="payment", why="trade.why.refund_abnormal")


async def _set(db: Db, refund: Refund, **values: Any) -> None:
    await db.execute(update(refunds).where(refunds.c.id == refund.id).values(values))
