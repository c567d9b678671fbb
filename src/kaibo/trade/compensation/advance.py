"""Advance compensation: the fund pays in the merchant's place, and the merchant owes the fund."""

from __future__ import annotations

from uuid import UUID

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.outbox import publish
from kaibo.kernel.telemetry import get_logger
from kaibo.people.contracts import ShopId
from kaibo.trade.compensation.recover import recover
from kaibo.trade.compensation.tables import claims
from kaibo.trade.contracts import CompensationAdvanced, OrderId
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post

log = get_logger(__name__)


async def advance(db: Db, *, case_id: UUID, order_id: UUID, shop_id: UUID, fen: int, rule: str) -> int:
    """Move `fen` from the fund to the merchant's account, which the buyer's due has left short, and begin to take it back.

    Returns what the fund paid: no more than it has. What it cannot pay stays the merchant's negative balance; the buyer has been
    promised everything either way.
    """
    fen = min(fen, max(0, await balance(db, Account(AccountKind.COMPENSATION_FUND))))
    if not fen:
        log.error("compensation_fund.empty", case_id=str(case_id), shop_id=str(shop_id))
        return 0
    claim_id = new_id()
    await db.execute(
        claims.insert().values(
            id=claim_id, case_id=case_id, order_id=order_id, shop_id=shop_id, fen=fen, rule=rule, created_at=clock.now()
        )
    )
    shop = Account(AccountKind.MERCHANT_PAYABLE, shop_id)
    entries = move(Account(AccountKind.COMPENSATION_FUND), (shop, fen))
    why = "trade.why.ledger_advance"
    await post(db, Posting(PostingKind.COMPENSATION, f"advance:{claim_id}", order_id, why, "system", entries))
    event = CompensationAdvanced(
        claim_id=claim_id,
        case_id=case_id,
        order_id=OrderId(order_id),
        shop_id=ShopId(shop_id),
        fen=fen,
        at=clock.now(),
    )
    await publish(db, event)
    await recover(db, shop_id)
    return fen
