"""Take back what the fund has paid for a merchant: from the deposit, then from what the merchant has earned since."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.trade.compensation.tables import claims, recoveries
from kaibo.trade.contracts import OrderSettled
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post

RecoverySource = Literal["deposit", "earnings"]


async def recover(db: Db, shop_id: UUID) -> int:
    """As much of the shop's debt to the fund as can be had now, oldest claim first. Returns the fen that came back.

    What stays open is seen by the shop and the operators, and is tried again after the shop's next settlement.
    """
    mine = select(claims).where(claims.c.shop_id == shop_id, claims.c.closed_at.is_(None))
    rows = (await db.execute(mine.order_by(claims.c.id).with_for_update())).all()
    if not rows:
        return 0
    deposit = max(0, await balance(db, Account(AccountKind.DEPOSIT, shop_id)))
    earned = max(0, await balance(db, Account(AccountKind.MERCHANT_PAYABLE, shop_id)))
    back = 0
    for row in rows:
        owed = row.fen - row.recovered_fen
        from_deposit = min(owed, deposit)
        from_earnings = min(owed - from_deposit, earned)
        deposit, earned = deposit - from_deposit, earned - from_earnings
        await _take(db, row, "deposit", from_deposit)
        await _take(db, row, "earnings", from_earnings)
        came = from_deposit + from_earnings
        if came:
            counted: dict[str, Any] = {"recovered_fen": claims.c.recovered_fen + came}
            if came == owed:
                counted["closed_at"] = clock.now()
            await db.execute(update(claims).where(claims.c.id == row.id).values(counted))
        back += came
    return back


async def recover_after_settlement(db: Db, event: OrderSettled) -> None:
    """The reaction to a settlement: the fund comes before the merchant's next withdrawal."""
    await recover(db, event.shop_id)


async def _take(db: Db, claim: Any, source: RecoverySource, fen: int) -> None:
    if not fen:
        return
    recovery_id = new_id()
    values = {"id": recovery_id, "claim_id": claim.id, "source": source, "fen": fen, "at": clock.now()}
    await db.execute(recoveries.insert().values(values))
    kind = AccountKind.DEPOSIT if source == "deposit" else AccountKind.MERCHANT_PAYABLE
    entries = move(Account(kind, claim.shop_id), (Account(AccountKind.COMPENSATION_FUND), fen))
    key, why = f"recovery:{recovery_id}", f"trade.why.ledger_recovery_{source}"
    posting = PostingKind.DEPOSIT_DEDUCTION if source == "deposit" else PostingKind.RECOVERY
    await post(db, Posting(posting, key, claim.order_id, why, "system", entries))
