"""What the provider says about a refund, in a callback or when asked. Acted on once.

| | outcome |
|---|---|
| done | `refund_done`: the ledger's promise is kept, the event goes out, an order of which nothing is left is refunded |
| said again | `duplicate` |
| given up | `refund_again`: the same promise goes on under the next number |
| the buyer's account cannot take it | `refund_abnormal`: an operator's list (`abnormal.py`) |
| another amount than was asked for | `wrong_amount`: nothing changes, an operator looks |
| a number we never gave | `unknown_refund` |
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.money import yuan
from kaibo.kernel.outbox import publish
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.contracts import OrderState, PaymentRefundDone, PaymentRefundedLate
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders import rules
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, note_history
from kaibo.trade.orders.refund import finish_refund
from kaibo.trade.payment.gateway import RefundStatus
from kaibo.trade.payment.lookup import charge_by_id, refund_by_id, refund_by_number, refunds_by_key
from kaibo.trade.payment.model import REFUND_FINAL, Outcome, Refund, RefundRow
from kaibo.trade.payment.pace import wait_seconds
from kaibo.trade.payment.refund import REFUND, SECOND, ask_refund, parts_of
from kaibo.trade.payment.tables import refunds

log = get_logger(__name__)

AGAIN_SECONDS_FIRST = 30.0
AGAIN_SECONDS_MAX = 3600.0


async def hear_refund(
    db: Db, out_refund_no: str, status: RefundStatus, *, fen: int | None, refund_id: str | None, at: datetime | None
) -> Outcome:
    """`fen` is None where the provider does not say how much this refund is."""
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
        charge = await charge_by_id(db, refund.charge_id)
        assert charge is not None
        source = Account(AccountKind.GATEWAY, scope=charge.provider)
        await refund_is_done(db, order, refund, source, refund_id=refund_id, at=at)
        return Outcome.REFUND_DONE
    if status is RefundStatus.CLOSED:
        await ask_again(db, refund)
        return Outcome.REFUND_AGAIN
    if status is RefundStatus.ABNORMAL:
        await _abnormal(db, order, refund)
        return Outcome.REFUND_ABNORMAL
    if status is RefundStatus.PROCESSING and refund.state is RefundRow.ASKED:
        await _set(db, refund, state=RefundRow.PROCESSING.value, refund_id=refund_id)
    return Outcome.REFUND_GOING_ON


async def refund_is_done(
    db: Db, order: Order, refund: Refund, source: Account, *, refund_id: str | None, at: datetime | None
) -> None:
    """The buyer has the money: from the provider (`gateway`), or from the platform's own `bank` account."""
    done_at = at or clock.now()
    await _set(db, refund, state=RefundRow.DONE.value, refund_id=refund_id, done_at=done_at, last_error=None)
    await timers.cancel_timer(db, kind=REFUND, key=str(refund.id))
    entries = move(Account(AccountKind.REFUNDS_PAYABLE), (source, refund.fen))
    key, why = f"refund_paid:{refund.id}", "trade.why.ledger_refund_paid"
    await post(db, Posting(PostingKind.REFUND_PAID, key, order.id, why, "payment", entries, order.shop_id))
    now = clock.now()
    promise = await _promise(db, order, refund)
    if all(one.state is RefundRow.DONE for one in promise):
        fen = sum(one.fen for one in promise)
        done = PaymentRefundDone(refund_id=promise[0].id, order_id=order.id, key=promise[0].key, fen=fen, at=done_at)
        await publish(db, done)
    if refund.kind == "late_payment":
        await note_history(db, order, at=now, actor="payment", why="trade.why.refunded_late")
        await publish(db, PaymentRefundedLate(**about(order, now), refund_fen=refund.fen))
        return
    done_fen = await _done_fen(db, order)
    if done_fen == order.paid_in_fen and rules.may_become(order.state, OrderState.REFUNDED):
        await finish_refund(db, order, refund_fen=done_fen, reason=refund.reason)
        return
    said = f"¥{yuan(refund.fen)}"
    await note_history(db, order, at=now, actor="payment", why="trade.why.refund_part_done", said=said)


async def _promise(db: Db, order: Order, refund: Refund) -> list[Refund]:
    """All refunds that keep the promise this one, which is done, is part of. Only a presale has two charges, and so two refunds."""
    if not order.deposit_fen:
        return [replace(refund, state=RefundRow.DONE)]
    return await refunds_by_key(db, parts_of(refund.key.removesuffix(SECOND)))


async def _done_fen(db: Db, order: Order) -> int:
    """What the buyer has got back of the order's payment."""
    r = refunds
    theirs = (r.c.order_id == order.id) & (r.c.state == RefundRow.DONE.value) & (r.c.kind != "late_payment")
    return int(await db.scalar(select(func.coalesce(func.sum(r.c.fen), 0)).where(theirs)) or 0)


async def ask_again(db: Db, refund: Refund, *, at_once: bool = False) -> None:
    """The provider gave this number up, so the next attempt needs another one. The promise in the ledger stands."""
    await _set(db, refund, state=RefundRow.CLOSED.value)
    await timers.cancel_timer(db, kind=REFUND, key=str(refund.id))
    charge = await charge_by_id(db, refund.charge_id)
    assert charge is not None
    wait = 0.0 if at_once else wait_seconds(refund.attempt, first=AGAIN_SECONDS_FIRST, most=AGAIN_SECONDS_MAX)
    await ask_refund(
        db,
        charge,
        refund.order_id,
        key=refund.key,
        fen=refund.fen,
        kind=refund.kind,
        reason=refund.reason,
        by=refund.promised_by,
        due_at=clock.now() + timedelta(seconds=wait),
    )


async def _abnormal(db: Db, order: Order, refund: Refund) -> None:
    if refund.state is RefundRow.ABNORMAL:
        return
    await _set(db, refund, state=RefundRow.ABNORMAL.value)
    log.error("refund.abnormal", out_refund_no=refund.out_refund_no, order=order.number)
    await note_history(db, order, at=clock.now(), actor="payment", why="trade.why.refund_abnormal")


async def _set(db: Db, refund: Refund, **values: Any) -> None:
    await db.execute(update(refunds).where(refunds.c.id == refund.id).values(values))
