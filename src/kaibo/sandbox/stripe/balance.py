"""The account's balance transactions, newest first, with their sources expanded: what reconciliation reads."""

from fractions import Fraction
from typing import Any

from kaibo.sandbox.store import Row
from kaibo.sandbox.stripe import sessions
from kaibo.sandbox.stripe.sessions import FEE_BPS, Stripe


def fee(amount: int) -> int:
    """3.4 %; half of the smallest unit goes to the nearest even one. A refund does not give it back, as at Stripe."""
    return round(Fraction(amount * FEE_BPS, 10_000))


def listed(desk: Stripe, first: int, after: int, starting_after: str, limit: int) -> dict[str, Any]:
    """`created` from `first` up to, not with, `after` (seconds)."""
    bounds = (first * 1000, after * 1000)
    paid = desk.store.all("SELECT * FROM sessions WHERE paid_ms >= ? AND paid_ms < ?", *bounds)
    refunded = desk.store.all(
        "SELECT * FROM refunds WHERE status = 'succeeded' AND created_ms >= ? AND created_ms < ?", *bounds
    )
    entries = [_charge(desk, session) for session in paid] + [_refund(desk, refund) for refund in refunded]
    entries.sort(key=lambda entry: (entry["created"], entry["id"]), reverse=True)
    place = next((at + 1 for at, entry in enumerate(entries) if entry["id"] == starting_after), 0)
    shown = entries[place : place + limit]
    more = len(entries) > place + limit
    return {"object": "list", "data": shown, "has_more": more, "url": "/v1/balance_transactions"}


def _charge(desk: Stripe, session: Row) -> dict[str, Any]:
    source = sessions.charge_object(desk, session)
    return _entry("charge", session["charge_id"], session, session["amount"], fee(session["amount"]), source)


def _refund(desk: Stripe, refund: Row) -> dict[str, Any]:
    session = desk.by_intent(refund["intent_id"])
    source = sessions.refund_object(session, refund)
    return _entry("refund", refund["id"], session, -refund["amount"], 0, source)


def _entry(kind: str, name: str, session: Row, amount: int, fee_amount: int, source: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"txn_{name.partition('_')[2]}",
        "object": "balance_transaction",
        "amount": amount,
        "created": source["created"],
        "currency": session["currency"],
        "exchange_rate": None,
        "fee": fee_amount,
        "net": amount - fee_amount,
        "reporting_category": kind,
        "source": source,
        "status": "available",
        "type": kind,
    }
