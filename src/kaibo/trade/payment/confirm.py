"""The provider says that a charge is paid: in a callback, or when asked. Told twice, or late, it is the same money.

What may arrive, and what becomes of it:

| | outcome |
|---|---|
| the first time, every order of the checkout still waiting | `paid`: orders, stock and ledger in this transaction |
| the deposit of a presale | `paid`: reserved, its pieces are sold; the balance has a charge of its own |
| the balance, order still reserved | `paid`: the order goes on as a paid one |
| again | `duplicate`: nothing changes |
| orders have expired; every piece, coupon and point is still there | `paid`: they are taken again, the history says so |
| … or is gone; or an order is cancelled or was paid otherwise | `late`: owed to the buyer, refunded by itself, and said |
| a deposit after the presale has failed, or after its balance was due | `late` |
| a balance after the order was closed | `late`; what became of the deposit stays |
| another amount or currency than was asked for | `wrong_amount`, `wrong_currency`: nothing changes, an operator looks |
| another transaction id than before | `conflicting_transaction`: nothing changes, an operator looks |
| a number we never gave, or gave to another provider | `unknown_order`: nothing changes, the provider will say it again |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update

from kaibo.goods import facade as goods
from kaibo.goods.contracts import OutOfStock
from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.money import split
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.contracts import OrderState
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders.lookup import lock_checkout
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.pay import mark_paid
from kaibo.trade.orders.record import note_history
from kaibo.trade.orders.rules import part_fen
from kaibo.trade.payment.lookup import charge_by_id, charge_by_number, live_charge
from kaibo.trade.payment.methods import Provider
from kaibo.trade.payment.model import Charge, ChargeRow, Outcome
from kaibo.trade.payment.refund import ask_refund
from kaibo.trade.payment.start import QUERY
from kaibo.trade.payment.tables import charges
from kaibo.trade.points import hold as points
from kaibo.trade.presales.lookup import still_open
from kaibo.trade.presales.take_balance import take_balance
from kaibo.trade.presales.take_deposit import take_deposit
from kaibo.trade.pricing import coupons

log = get_logger(__name__)


@dataclass(frozen=True)
class PaidFact:
    """What a provider says about a payment."""

    provider: Provider
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    currency: str
    paid_at: datetime


async def confirm_charge(db: Db, fact: PaidFact) -> Outcome:
    """Act on it once. The fact must have been verified as the provider's."""
    found = await charge_by_number(db, fact.out_trade_no)
    if found is None or found.provider != fact.provider:
        return Outcome.UNKNOWN_ORDER
    orders = await lock_checkout(db, found.checkout_id)
    charge = await charge_by_id(db, found.id, lock=True)
    assert charge is not None
    if wrong := _disagreement(charge, fact):
        log.error("charge.disagreement", outcome=wrong.value, charge=charge.out_trade_no, said=vars(fact))
        await _set(db, charge, last_error=f"{wrong.value}: {fact.amount_fen} {fact.currency} {fact.transaction_id}")
        return wrong
    if charge.state in (ChargeRow.PAID, ChargeRow.PAID_LATE):
        return Outcome.DUPLICATE
    await timers.cancel_timer(db, kind=QUERY, key=str(charge.id))
    if await _can_be_paid(db, orders, charge):
        return await _accept(db, orders, charge, fact)
    return await _give_back(db, orders, charge, fact)


async def _can_be_paid(db: Db, orders: Sequence[Order], charge: Charge) -> bool:
    """Every order waits, or has run out of time and gets its pieces, coupons and points again: all of them, or none is touched."""
    if sum(part_fen(order, charge.part) for order in orders) != charge.amount_fen:
        return False
    if charge.part == "balance":
        return all(order.state is OrderState.RESERVED for order in orders)
    if any(order.state not in (OrderState.PLACED, OrderState.EXPIRED) for order in orders):
        return False
    if charge.part == "deposit" and not await still_open(db, orders[0]):
        return False
    try:
        async with db.begin_nested():
            # Coupons before points before stock, as at the till.
            if not await coupons.retake(db, charge.checkout_id) or not await points.retake(db, orders):
                raise _DiscountGone
            if len(orders) > 1:
                await goods.lock_pieces(db, [order.id for order in orders])
            for order in orders:
                if order.state is OrderState.EXPIRED:
                    await goods.retake(db, order.id)
    except (OutOfStock, _DiscountGone) as gone:
        log.info("charge.too_late_to_take_again", out_trade_no=charge.out_trade_no, why=str(gone))
        return False
    return True


class _DiscountGone(Exception):
    """A coupon of this checkout, or points, have meanwhile been used elsewhere."""


def _disagreement(charge: Charge, fact: PaidFact) -> Outcome | None:
    if fact.currency != charge.currency:
        return Outcome.WRONG_CURRENCY
    if fact.amount_fen != charge.amount_fen:
        return Outcome.WRONG_AMOUNT
    if charge.transaction_id is not None and charge.transaction_id != fact.transaction_id:
        return Outcome.CONFLICTING
    return None


async def _accept(db: Db, orders: Sequence[Order], charge: Charge, fact: PaidFact) -> Outcome:
    await _set(db, charge, state=ChargeRow.PAID.value, transaction_id=fact.transaction_id, paid_at=fact.paid_at)
    other = await live_charge(db, charge.checkout_id)
    if other is not None:  # the buyer had begun to pay a second time: that address must not take money any more
        await timers.set_timer(db, kind=QUERY, key=str(other.id), due_at=clock.now())
    for order in orders:
        if charge.part == "deposit":
            await take_deposit(db, order)
        elif charge.part == "balance":
            await take_balance(db, order, fact.paid_at)
        else:
            await mark_paid(db, order, fact.paid_at)
        entries = move(
            Account(AccountKind.GATEWAY, scope=charge.provider),
            (Account(AccountKind.ESCROW, order.shop_id), part_fen(order, charge.part)),
        )
        key, why = f"payment:{charge.id}:{order.id}", "trade.why.ledger_payment"
        await post(db, Posting(PostingKind.PAYMENT, key, order.id, why, "payment", entries))
    return Outcome.PAID


async def _give_back(db: Db, orders: Sequence[Order], charge: Charge, fact: PaidFact) -> Outcome:
    """Money without an order that waits for it: never lost, never kept. Each order's part goes back as a refund of its own."""
    late = {"state": ChargeRow.PAID_LATE.value, "transaction_id": fact.transaction_id, "paid_at": fact.paid_at}
    await _set(db, charge, **late)
    weights = [order.total_fen for order in orders]
    for order, fen in zip(orders, split(charge.amount_fen, weights), strict=True):
        if fen:
            await _owe(db, order, charge, fen)
    states = [order.state.value for order in orders]
    log.warning("charge.paid_late", out_trade_no=charge.out_trade_no, order_states=states)
    return Outcome.LATE


async def _owe(db: Db, order: Order, charge: Charge, fen: int) -> None:
    entries = move(Account(AccountKind.GATEWAY, scope=charge.provider), (Account(AccountKind.REFUNDS_PAYABLE), fen))
    key, why = f"late_payment:{charge.id}:{order.id}", "trade.why.ledger_late_payment"
    await post(db, Posting(PostingKind.LATE_PAYMENT, key, order.id, why, "payment", entries, order.shop_id))
    await note_history(db, order, at=clock.now(), actor="payment", why="trade.why.paid_late")
    reason = "订单已关闭，款项原路退回"
    await ask_refund(db, charge, order.id, key=key, fen=fen, kind="late_payment", reason=reason, by="payment")


async def _set(db: Db, charge: Charge, **values: Any) -> None:
    await db.execute(update(charges).where(charges.c.id == charge.id).values(values))
