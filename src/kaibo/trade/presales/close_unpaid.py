"""The balance was not paid in time: the order closes, the pieces go back on sale, the deposit is the merchant's (Civil Code 587).

A charge of the balance that may still be paid is closed at the provider first (payment/withdraw.py). Nobody earns a commission and
the platform takes no fee: nothing was sold.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import update

from kaibo.goods import facade as goods
from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.money import yuan
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import OrderExpired, OrderState
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.presales.model import Outcome
from kaibo.trade.presales.tables import presale_orders
from kaibo.trade.presales.take_deposit import CLOSE_UNPAID, OPEN_BALANCE
from kaibo.trade.pricing import coupons


async def close_unpaid(db: Db, order: Order) -> Order:
    """reserved -> expired, for a locked order without a charge that could still be paid. Raises WrongState."""
    rules.require(order, OrderState.EXPIRED, "expire")
    now = clock.now()
    closed = replace(order, state=OrderState.EXPIRED, closing=None, closing_why=None)
    await change_order(db, closed, "closing", "closing_why")
    await coupons.release(db, closed.checkout_id)
    await decide(db, closed.id, "kept")
    entries = move(
        Account(AccountKind.ESCROW, order.shop_id),
        (Account(AccountKind.MERCHANT_PAYABLE, order.shop_id), order.deposit_fen),
    )
    key, why = f"deposit_kept:{order.id}", "trade.why.ledger_deposit_kept"
    await post(db, Posting(PostingKind.DEPOSIT_KEPT, key, order.id, why, "system", entries))
    said = f"¥{yuan(order.deposit_fen)}"
    await note_history(db, closed, at=now, actor="system", why="trade.why.balance_missed", said=said)
    await publish(db, OrderExpired(**about(closed, now)))
    # Last: whoever orders this SKU waits for its row from here to the commit.
    await goods.put_back(db, closed.id)
    return closed


async def decide(db: Db, order_id: UUID, outcome: Outcome, *, owed_fen: int = 0) -> None:
    """Write down what became of a deposit; its timers have nothing to do any more."""
    values = {"outcome": outcome, "decided_at": clock.now(), "owed_fen": owed_fen}
    await db.execute(update(presale_orders).where(presale_orders.c.order_id == order_id).values(values))
    for kind in (OPEN_BALANCE, CLOSE_UNPAID):
        await timers.cancel_timer(db, kind=kind, key=str(order_id))
