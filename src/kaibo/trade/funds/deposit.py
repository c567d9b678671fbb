"""Deposits: put down from earnings or by transfer, deducted with reason and evidence, given back above the minimum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.money import yuan
from kaibo.trade.funds import rules
from kaibo.trade.funds.errors import DepositKeepsMinimum, DepositTooLow, NotWithdrawable, ShopClosed
from kaibo.trade.funds.lookup import withdrawable
from kaibo.trade.funds.model import Deduction, Deposit, Owner
from kaibo.trade.funds.tables import deposit_deductions, shop_standings
from kaibo.trade.funds.terms import terms_of
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.hold import require_covered
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post


async def deposit_of(db: Db, shop_id: UUID) -> Deposit:
    """The deposit against its minimum. What has fallen below by itself (the minimum was raised) begins to count now."""
    terms = await terms_of(db, Owner("shop", shop_id))
    there = await balance(db, _deposit(shop_id))
    s = shop_standings
    since = await db.scalar(select(s.c.deposit_below_since).where(s.c.shop_id == shop_id))
    found = rules.standing(there, terms.deposit_min_fen, since, terms.deposit_grace_days, clock.now())
    if found.below_since != since:
        row = insert(s).values(shop_id=shop_id, deposit_below_since=found.below_since)
        kept = {"deposit_below_since": found.below_since}
        await db.execute(row.on_conflict_do_update(index_elements=["shop_id"], set_=kept))
    return found


async def require_deposit(db: Db, shop_id: UUID) -> None:
    """Asked before a shop lists something new. Raises ShopClosed, DepositTooLow."""
    closed = select(shop_standings.c.closed_at).where(shop_standings.c.shop_id == shop_id)
    if await db.scalar(closed) is not None:
        raise ShopClosed()
    found = await deposit_of(db, shop_id)
    if found.blocked:
        raise DepositTooLow(balance_yuan=yuan(found.balance_fen), minimum_yuan=yuan(found.minimum_fen))


async def put_down(db: Db, shop_id: UUID, *, fen: int, by: UUID) -> Deposit:
    """From what the shop may withdraw. Raises NotWithdrawable."""
    shop = Account(AccountKind.MERCHANT_PAYABLE, shop_id)
    legs = move(shop, (_deposit(shop_id), fen))
    await require_covered(db, legs)
    there = await withdrawable(db, Owner("shop", shop_id))
    if fen > there.available_fen:
        raise NotWithdrawable(
            available_fen=there.available_fen, wanted_fen=fen, available_yuan=yuan(there.available_fen)
        )
    await _post(db, PostingKind.DEPOSIT_PAID_IN, "trade.why.ledger_deposit_paid_in", str(by), legs)
    return await deposit_of(db, shop_id)


async def note_transfer(db: Db, shop_id: UUID, *, fen: int, reference: str, by: UUID) -> Deposit:
    """An operator has seen a shop's transfer on the platform's bank account. The same reference counts once."""
    legs = move(Account(AccountKind.BANK), (_deposit(shop_id), fen))
    key, why = f"deposit_transfer:{reference}", "trade.why.ledger_deposit_transfer"
    await post(db, Posting(PostingKind.DEPOSIT_PAID_IN, key, None, why, str(by), legs))
    return await deposit_of(db, shop_id)


async def deduct(db: Db, shop_id: UUID, *, fen: int, reason: str, evidence: Sequence[str], by: UUID) -> Deposit:
    """Take from a deposit into the compensation fund. Raises NotCovered where there is less."""
    made = new_id()
    legs = move(_deposit(shop_id), (Account(AccountKind.COMPENSATION_FUND), fen))
    await require_covered(db, legs)
    key, why = f"deposit_deduction:{made}", "trade.why.ledger_deposit_deduction"
    await post(db, Posting(PostingKind.DEPOSIT_DEDUCTION, key, None, why, str(by), legs))
    await db.execute(
        deposit_deductions.insert().values(
            id=made, shop_id=shop_id, fen=fen, reason=reason, evidence=list(evidence), by=by, at=clock.now()
        )
    )
    return await deposit_of(db, shop_id)


async def give_back(db: Db, shop_id: UUID, *, fen: int, by: UUID) -> Deposit:
    """What is above the minimum goes back to what the shop may withdraw. Raises DepositKeepsMinimum, NotCovered."""
    legs = move(_deposit(shop_id), (Account(AccountKind.MERCHANT_PAYABLE, shop_id), fen))
    await require_covered(db, legs)
    found = await deposit_of(db, shop_id)
    if found.balance_fen - fen < found.minimum_fen:
        raise DepositKeepsMinimum(minimum_yuan=yuan(found.minimum_fen))
    await _post(db, PostingKind.DEPOSIT_RETURNED, "trade.why.ledger_deposit_returned", str(by), legs)
    return await deposit_of(db, shop_id)


async def deductions_of(db: Db, shop_id: UUID, limit: int = 50) -> list[Deduction]:
    """Newest first."""
    d = deposit_deductions
    rows = await db.execute(select(d).where(d.c.shop_id == shop_id).order_by(d.c.id.desc()).limit(limit))
    return [Deduction(r.id, r.shop_id, r.fen, r.reason, tuple(r.evidence), r.by, r.at) for r in rows]


async def pay_into_fund(db: Db, *, fen: int, reference: str, by: UUID) -> bool:
    """The platform has put money into its compensation fund; the same bank reference counts once. False where it had counted."""
    legs = move(Account(AccountKind.BANK), (Account(AccountKind.COMPENSATION_FUND), fen))
    key, why = f"fund:{reference}", "trade.why.ledger_fund_paid_in"
    return await post(db, Posting(PostingKind.FUND_PAID_IN, key, None, why, str(by), legs))


def _deposit(shop_id: UUID) -> Account:
    return Account(AccountKind.DEPOSIT, shop_id)


async def _post(db: Db, kind: PostingKind, why: str, by: str, legs: Any) -> None:
    await post(db, Posting(kind, f"{kind.value}:{new_id()}", None, why, by, legs))
