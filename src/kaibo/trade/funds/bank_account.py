"""Where withdrawals go. The number is sealed; people and pages see its last four digits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.trade.funds import rules
from kaibo.trade.funds.errors import BadBankNumber
from kaibo.trade.funds.model import BankAccount, Owner
from kaibo.trade.funds.tables import bank_accounts

SEAL = "trade.bank_account.number"


async def set_bank_account(db: Db, owner: Owner, *, holder: str, bank: str, number: str, by: UUID) -> BankAccount:
    """From now on withdrawals go there; those under way keep the account they were asked with. Raises BadBankNumber."""
    digits = rules.bank_number(number)
    if digits is None:
        raise BadBankNumber(digits_min=8, digits_max=30)
    await db.execute(
        bank_accounts.insert().values(
            owner_kind=owner.kind,
            owner_id=owner.id,
            holder=holder,
            bank=bank,
            number_sealed=people.seal(digits, SEAL),
            number_masked=rules.masked(digits),
            added_by=by,
        )
    )
    found = await bank_account_of(db, owner)
    assert found is not None
    return found


async def bank_account_of(db: Db, owner: Owner) -> BankAccount | None:
    """The account that was named last."""
    b = bank_accounts
    mine = (b.c.owner_kind == owner.kind) & (b.c.owner_id == owner.id)
    row = (await db.execute(select(b).where(mine).order_by(b.c.id.desc()).limit(1))).first()
    return None if row is None else _account(row)


async def full_number(db: Db, account_id: UUID) -> str:
    """The whole number, for the one who transfers the money."""
    sealed = await db.scalar(select(bank_accounts.c.number_sealed).where(bank_accounts.c.id == account_id))
    assert sealed is not None
    return people.unseal(sealed, SEAL)


def _account(row: Any) -> BankAccount:
    owner = Owner(row.owner_kind, row.owner_id)
    return BankAccount(row.id, owner, row.holder, row.bank, row.number_masked, row.created_at)
