"""How the payment of a checkout stands, as its buyer is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Order
from kaibo.trade.payment.lookup import charge_states
from kaibo.trade.payment.model import Charge, ChargeRow

ASK_AGAIN_SECONDS = 3


@dataclass(frozen=True)
class PaymentStatus:
    """`charge` is the one that can still be paid, None where there is none. `refunded_late` is said as soon as the money that
    came too late is known of; it may still be on its way back."""

    state: Literal["none", "pending", "paid", "failed", "refunded_late"]
    paid_at: datetime | None
    charge: Charge | None


async def payment_status(db: Db, orders: Sequence[Order]) -> PaymentStatus:
    """For the orders of one checkout; of a presale, of the part that is to be paid next or was paid last."""
    first = orders[0]
    part = rules.part_due(first)
    if first.state is OrderState.RESERVED and first.balance_from is not None and clock.now() < first.balance_from:
        part = "deposit"
    found = await charge_states(db, first.checkout_id, part)
    if paid := found.get(ChargeRow.PAID):
        return PaymentStatus("paid", paid.paid_at, None)
    if late := found.get(ChargeRow.PAID_LATE):
        return PaymentStatus("refunded_late", late.paid_at, None)
    if live := found.get(ChargeRow.PENDING) or found.get(ChargeRow.CREATING):
        return PaymentStatus("pending", None, live)
    return PaymentStatus("failed" if found else "none", None, None)


def is_worth_asking(charge: Charge) -> bool:
    """The buyer is waiting, and nobody has asked the provider for ASK_AGAIN_SECONDS."""
    last = charge.asked_at or charge.created_at
    return clock.now() - last >= timedelta(seconds=ASK_AGAIN_SECONDS)
