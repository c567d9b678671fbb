"""Refunds that the provider could not pay: an operator has it tried again, or says that it was paid by hand."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.contracts import RefundMissing, WrongState
from kaibo.trade.ledger.post import Account, AccountKind
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.orders.record import note_history
from kaibo.trade.payment.hear_refund import ask_again, refund_is_done
from kaibo.trade.payment.lookup import refund_by_id
from kaibo.trade.payment.model import Refund, RefundRow
from kaibo.trade.payment.refund import REFUND
from kaibo.trade.payment.tables import refunds


async def retry_refund(db: Db, refund_id: UUID, *, by: UUID, reason: str, anew: bool) -> None:
    """Ask the provider at once how it stands, or (`anew`) have it paid under a new number.

    Anew is right where the provider has finally given the old number up (Stripe's "failed"); WeChat Pay keeps the number and has
    to be asked again after its merchant console has dealt with it. Raises RefundMissing, WrongState.
    """
    refund = await _abnormal_one(db, refund_id, "retry_refund")
    order = await lock_order(db, refund.order_id)
    await _handled(db, refund, by, reason)
    if anew:
        await ask_again(db, refund, at_once=True)
    else:
        await timers.set_timer(db, kind=REFUND, key=str(refund.id), due_at=clock.now())
    why = "trade.why.refund_retried"
    await note_history(db, order, at=clock.now(), actor="system", actor_id=by, why=why, said=reason)


async def pay_by_hand(db: Db, refund_id: UUID, *, by: UUID, reason: str, reference: str) -> None:
    """The platform has paid the buyer from its own bank account; `reference` is the bank's, which proves it.

    Raises RefundMissing, WrongState.
    """
    refund = await _abnormal_one(db, refund_id, "pay_by_hand")
    order = await lock_order(db, refund.order_id)
    await _handled(db, refund, by, reason, reference)
    why, said = "trade.why.refund_by_hand", f"{reason} · {reference}"
    await note_history(db, order, at=clock.now(), actor="system", actor_id=by, why=why, said=said)
    await refund_is_done(db, order, refund, Account(AccountKind.BANK), refund_id=None, at=None)


async def _abnormal_one(db: Db, refund_id: UUID, action: str) -> Refund:
    """The refund with its order locked first, as everywhere in this room."""
    found = await refund_by_id(db, refund_id)
    if found is None:
        raise RefundMissing(refund_id=str(refund_id))
    await lock_order(db, found.order_id)
    refund = await refund_by_id(db, refund_id, lock=True)
    assert refund is not None
    if refund.state is not RefundRow.ABNORMAL:
        raise WrongState(state=refund.state.value, action=action)
    return refund


async def _handled(db: Db, refund: Refund, by: UUID, reason: str, reference: str | None = None) -> None:
    kept = {"handled_by": by, "handled_why": reason, "handled_at": clock.now(), "handled_reference": reference}
    await db.execute(update(refunds).where(refunds.c.id == refund.id).values(kept))
