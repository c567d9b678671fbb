"""An operator decides on a withdrawal: approved, its hold is posted and the payout begins; refused, the money is free again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.funds import rules
from kaibo.trade.funds.errors import WithdrawalStateWrong
from kaibo.trade.funds.lookup import account_of, find_withdrawal
from kaibo.trade.funds.model import Withdrawal, WithdrawalState
from kaibo.trade.funds.payout import payouts
from kaibo.trade.funds.tables import withdrawals
from kaibo.trade.funds.withdraw import hold_key
from kaibo.trade.ledger.hold import post_hold, void_hold
from kaibo.trade.ledger.post import Account, AccountKind, Entry, Posting, PostingKind, move, post


async def approve_withdrawal(db: Db, withdrawal_id: UUID, *, by: UUID) -> Withdrawal:
    """asked -> approved. Approving again changes nothing. Raises WithdrawalMissing, WithdrawalStateWrong."""
    found = await find_withdrawal(db, withdrawal_id, lock=True)
    if found.state is WithdrawalState.APPROVED:
        return found
    _require(found, WithdrawalState.APPROVED, "approve")
    await post_hold(db, hold_key(found.id), by=str(by))
    await _set(db, found, WithdrawalState.APPROVED, decided_by=by, decided_at=clock.now())
    approved = await find_withdrawal(db, withdrawal_id)
    await payouts().begin(db, approved)
    return await find_withdrawal(db, withdrawal_id)


async def refuse_withdrawal(db: Db, withdrawal_id: UUID, *, reason: str, by: UUID) -> Withdrawal:
    """asked -> refused. Raises WithdrawalMissing, WithdrawalStateWrong."""
    found = await find_withdrawal(db, withdrawal_id, lock=True)
    _require(found, WithdrawalState.REFUSED, "refuse")
    await void_hold(db, hold_key(found.id), by=str(by))
    now = clock.now()
    await _set(db, found, WithdrawalState.REFUSED, decided_by=by, decided_at=now, reason=reason, ended_at=now)
    return await find_withdrawal(db, withdrawal_id)


async def confirm_paid(db: Db, withdrawal_id: UUID, *, reference: str, by: UUID) -> Withdrawal:
    """approved -> paid: the bank has the money. `reference` is the bank's. Raises WithdrawalMissing, WithdrawalStateWrong."""
    found = await find_withdrawal(db, withdrawal_id, lock=True)
    if found.state is WithdrawalState.PAID and found.reference == reference:
        return found
    _require(found, WithdrawalState.PAID, "confirm")
    legs = move(_transit(found), (Account(AccountKind.BANK), found.fen - found.fee_fen))
    key, why = f"payout:{found.id}", "trade.why.ledger_payout"
    await post(db, Posting(PostingKind.PAYOUT, key, None, why, str(by), legs))
    await _set(db, found, WithdrawalState.PAID, reference=reference, ended_at=clock.now(), ended_by=by)
    return await find_withdrawal(db, withdrawal_id)


async def return_withdrawal(db: Db, withdrawal_id: UUID, *, reason: str, by: UUID) -> Withdrawal:
    """approved -> returned: the bank would not take it, so the owner has all of it again, the fee too.

    Raises WithdrawalMissing, WithdrawalStateWrong.
    """
    found = await find_withdrawal(db, withdrawal_id, lock=True)
    _require(found, WithdrawalState.RETURNED, "return")
    back = move(account_of(found.owner), (_transit(found), found.fen - found.fee_fen), (_fee(), found.fee_fen))
    legs = tuple(Entry(leg.account, -leg.fen) for leg in back)
    key, why = f"payout_returned:{found.id}", "trade.why.ledger_payout_returned"
    await post(db, Posting(PostingKind.PAYOUT_RETURNED, key, None, why, str(by), legs))
    await _set(db, found, WithdrawalState.RETURNED, reason=reason, ended_at=clock.now(), ended_by=by)
    return await find_withdrawal(db, withdrawal_id)


def _transit(found: Withdrawal) -> Account:
    return Account(AccountKind.WITHDRAWALS_IN_TRANSIT, found.owner.id)


def _fee() -> Account:
    return Account(AccountKind.PLATFORM_FEE)


def _require(found: Withdrawal, to: WithdrawalState, action: str) -> None:
    if to not in rules.TRANSITIONS[found.state]:
        raise WithdrawalStateWrong(state=found.state.value, action=action)


async def _set(db: Db, found: Withdrawal, state: WithdrawalState, **values: Any) -> None:
    await db.execute(update(withdrawals).where(withdrawals.c.id == found.id).values(state=state.value, **values))
