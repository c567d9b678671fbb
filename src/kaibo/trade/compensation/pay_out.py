"""An operator has paid a buyer what the house owed them beyond their payment."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.errors import NotFound, refusal
from kaibo.trade.compensation.lookup import Payout, as_payout
from kaibo.trade.compensation.tables import payouts
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post


@refusal
class PayoutMissing(NotFound):
    code = "trade.payout_missing"
    payout_id: str


async def pay_out(db: Db, payout_id: UUID, *, reference: str, by: UUID) -> Payout:
    """`reference` is the bank's or the provider's number of the transfer. Saying it again changes nothing. Raises PayoutMissing."""
    row = (await db.execute(select(payouts).where(payouts.c.id == payout_id).with_for_update())).one_or_none()
    if row is None:
        raise PayoutMissing(payout_id=str(payout_id))
    if row.paid_at is not None:
        return as_payout(row)
    paid = {"paid_at": clock.now(), "paid_by": by, "reference": reference}
    changed = update(payouts).where(payouts.c.id == payout_id).values(paid).returning(payouts)
    row = (await db.execute(changed)).one()
    entries = move(Account(AccountKind.BUYER_PAYABLE, row.person_id), (Account(AccountKind.BANK), row.fen))
    key, why = f"payout:{row.id}", "trade.why.ledger_buyer_payout"
    await post(db, Posting(PostingKind.BUYER_PAYOUT, key, row.order_id, why, "operator", entries))
    return as_payout(row)
