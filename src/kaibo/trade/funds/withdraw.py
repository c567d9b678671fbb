"""A merchant or a creator asks for their money: it is held until somebody has decided."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.money import yuan
from kaibo.trade.funds.bank_account import bank_account_of
from kaibo.trade.funds.errors import NoBankAccount, NotWithdrawable, WithdrawalTooSmall
from kaibo.trade.funds.lookup import account_of, find_withdrawal, withdrawable
from kaibo.trade.funds.model import Owner, Withdrawal, WithdrawalState
from kaibo.trade.funds.tables import withdrawals
from kaibo.trade.ledger.hold import hold
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move


async def ask_withdrawal(db: Db, owner: Owner, *, fen: int, by: UUID) -> Withdrawal:
    """Raises NoBankAccount, WithdrawalTooSmall, NotWithdrawable."""
    # Two that ask at once for the same money pass one after the other.
    await db.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 1))"), {"name": str(owner)})
    bank = await bank_account_of(db, owner)
    if bank is None:
        raise NoBankAccount()
    there = await withdrawable(db, owner)
    least = max(there.terms.withdrawal_min_fen, there.terms.withdrawal_fee_fen + 1)
    if fen < least:
        raise WithdrawalTooSmall(fen=fen, fen_min=least, yuan_min=yuan(least))
    if fen > there.available_fen:
        raise NotWithdrawable(
            available_fen=there.available_fen, wanted_fen=fen, available_yuan=yuan(there.available_fen)
        )
    made = new_id()
    fee_fen = there.terms.withdrawal_fee_fen
    transit = Account(AccountKind.WITHDRAWALS_IN_TRANSIT, owner.id)
    legs = move(account_of(owner), (transit, fen - fee_fen), (Account(AccountKind.PLATFORM_FEE), fee_fen))
    why = "trade.why.ledger_withdrawal"
    await hold(db, hold_key(made), Posting(PostingKind.WITHDRAWAL, hold_key(made), None, why, str(by), legs))
    await db.execute(
        withdrawals.insert().values(
            id=made,
            owner_kind=owner.kind,
            owner_id=owner.id,
            fen=fen,
            fee_fen=fee_fen,
            bank_account_id=bank.id,
            state=WithdrawalState.ASKED.value,
            asked_by=by,
            asked_at=clock.now(),
        )
    )
    return await find_withdrawal(db, made)


def hold_key(withdrawal_id: UUID) -> str:
    return f"withdrawal:{withdrawal_id}"
