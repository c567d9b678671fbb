"""Stripe's words in ours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from kaibo.trade.payment.amounts import CHINA
from kaibo.trade.payment.gateway import RefundStatus, StatementRow

REFUND_STATUS = {
    "pending": RefundStatus.PROCESSING,
    "requires_action": RefundStatus.PROCESSING,
    "succeeded": RefundStatus.DONE,
    "failed": RefundStatus.ABNORMAL,
    "canceled": RefundStatus.CLOSED,
}
CHARGES = frozenset({"charge", "payment"})
REFUNDS = frozenset({"refund", "payment_refund"})


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def day_bounds(day: date) -> tuple[int, int]:
    """First second of the day in China, and of the next one."""
    start = datetime(day.year, day.month, day.day, tzinfo=CHINA)
    return int(start.timestamp()), int((start + timedelta(days=1)).timestamp())


def statement_row(entry: Any) -> StatementRow | None:
    """A balance transaction with its `source` expanded; None for what is neither a charge nor a refund of ours (payouts, fees).

    `fen` is in the currency of the payment; the fee, which Stripe books in the account's currency, is brought back to it.
    """
    source = entry["source"]
    if not source or entry["type"] not in CHARGES | REFUNDS:
        return None
    is_refund = entry["type"] in REFUNDS
    number = (source["metadata"] or {}).get("out_refund_no" if is_refund else "out_trade_no")
    if not number:
        return None
    return StatementRow(
        provider="stripe",
        kind="refund" if is_refund else "charge",
        out_no=number,
        transaction_id=source["payment_intent"],
        fen=source["amount"],
        fee_fen=_fee(entry, source["currency"]),
        currency=source["currency"].upper(),
        at=moment(entry["created"]),
    )


def _fee(entry: Any, currency: str) -> int:
    if entry["currency"] == currency or not entry["fee"]:
        return int(entry["fee"])
    rate = Decimal(str(entry["exchange_rate"]))
    return int((Decimal(entry["fee"]) / rate).quantize(Decimal(1), ROUND_HALF_EVEN))
