"""Checkout Sessions and refunds: what happens to money at this Stripe, and the objects that show it."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from kaibo.sandbox import notices
from kaibo.sandbox.beijing import now_ms
from kaibo.sandbox.console import Desk
from kaibo.sandbox.faults import Faults
from kaibo.sandbox.store import Row
from kaibo.sandbox.stripe.keys import Keys

SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY, intent_id TEXT NOT NULL UNIQUE, charge_id TEXT NOT NULL UNIQUE, reference TEXT NOT NULL,
  name TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL, success_url TEXT NOT NULL,
  metadata TEXT NOT NULL, intent_metadata TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('open', 'complete', 'expired')),
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, paid_ms INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_reference ON sessions (reference);
CREATE TABLE IF NOT EXISTS refunds (
  id TEXT PRIMARY KEY, intent_id TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), metadata TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')), reason TEXT NOT NULL,
  created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS refunds_intent ON refunds (intent_id);
CREATE TABLE IF NOT EXISTS idempotency (
  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS endpoints (url TEXT PRIMARY KEY) STRICT;
"""
FEE_BPS = 340


class StripeError(Exception):
    """Answered in Stripe's way: {"error": {type, code, message, param}}."""

    def __init__(
        self, status: int, code: str, message: str, param: str = "", kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.document = {"error": {"type": kind, "code": code, "message": message, "param": param or None}}


@dataclass(slots=True)
class Stripe(Desk):
    keys: Keys = field(kw_only=True)

    def session(self, session_id: str) -> Row:
        """Raises StripeError."""
        found = self.store.one("SELECT * FROM sessions WHERE id = ?", session_id)
        if found is None:
            raise StripeError(404, "resource_missing", f"No such checkout.session: '{session_id}'", "session")
        return found

    def by_intent(self, intent_id: str) -> Row:
        """Raises StripeError."""
        found = self.store.one("SELECT * FROM sessions WHERE intent_id = ?", intent_id)
        if found is None or found["paid_ms"] is None:
            raise StripeError(404, "resource_missing", f"No such payment_intent: '{intent_id}'", "payment_intent")
        return found

    def refunded(self, intent_id: str) -> int:
        sql = "SELECT coalesce(sum(amount), 0) AS n FROM refunds WHERE intent_id = ? AND status != 'failed'"
        row = self.store.one(sql, intent_id)
        return int(row["n"]) if row else 0


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def pay(desk: Stripe, session: Row) -> Row:
    """Take the money and queue the events, both or neither. Raises StripeError where the session cannot be paid."""
    if session["status"] == "complete":
        raise StripeError(400, "session_complete", "This session has been paid.")
    if session["status"] != "open" or session["expires_ms"] <= now_ms():
        raise StripeError(400, "session_expired", "This session has expired.")
    with desk.store.change():
        sql = "UPDATE sessions SET status = 'complete', paid_ms = ? WHERE id = ? AND status = 'open'"
        desk.store.run(sql, now_ms(), session["id"])
        paid = desk.session(session["id"])
        tell(desk, paid, "payment_intent.succeeded", intent_object(desk, paid))
        tell(desk, paid, "checkout.session.completed", session_object(desk, paid))
    desk.wake.set()
    return paid


def expire(desk: Stripe, session: Row) -> Row:
    """Raises StripeError unless it is open."""
    with desk.store.change():
        sql = "UPDATE sessions SET status = 'expired' WHERE id = ? AND status = 'open'"
        if desk.store.run(sql, session["id"]) != 1:
            message = (
                f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.'
            )
            raise StripeError(400, "resource_not_open", message)
        closed = desk.session(session["id"])
        tell(desk, closed, "checkout.session.expired", session_object(desk, closed))
    desk.wake.set()
    return closed


def finish_due(desk: Stripe) -> None:
    """Carry out the refunds whose moment has come, each together with its event."""
    for refund in desk.store.all("SELECT * FROM refunds WHERE status = 'pending' AND due_ms <= ? LIMIT 100", now_ms()):
        with desk.store.change():
            desk.store.run("UPDATE refunds SET status = 'succeeded' WHERE id = ?", refund["id"])
            session = desk.by_intent(refund["intent_id"])
            done = refund | {"status": "succeeded"}
            tell(desk, session, "refund.updated", refund_object(session, done))


def tell(desk: Stripe, session: Row, kind: str, subject: dict[str, Any]) -> None:
    """Queue an event for every webhook endpoint; call inside a change."""
    for endpoint in desk.store.all("SELECT url FROM endpoints ORDER BY url"):
        event = notices.Event(kind, kind, session["reference"], endpoint["url"])
        faults = notices.faults_of(desk.store, event)
        body: dict[str, Any] = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": "2026-01-28",
            "created": now_ms() // 1000,
            "data": {"object": _spoil(subject, faults)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        if faults.wrong_mchid is not None:
            body["account"] = faults.wrong_mchid
        notices.enqueue(desk.store, event, body, faults)


def _spoil(subject: dict[str, Any], faults: Faults) -> dict[str, Any]:
    spoilt = dict(subject)
    if faults.wrong_amount_fen is not None:
        spoilt["amount_total" if subject["object"] == "checkout.session" else "amount"] = faults.wrong_amount_fen
    if faults.wrong_currency is not None:
        spoilt["currency"] = faults.wrong_currency.lower()
    return spoilt


def session_object(desk: Stripe, session: Row, *, expanded: bool = False) -> dict[str, Any]:
    paid = session["paid_ms"] is not None
    intent: Any = session["intent_id"] if paid else None
    if paid and expanded:
        intent = intent_object(desk, session, expanded=True)
    return {
        "id": session["id"],
        "object": "checkout.session",
        "amount_subtotal": session["amount"],
        "amount_total": session["amount"],
        "client_reference_id": session["reference"],
        "created": session["created_ms"] // 1000,
        "currency": session["currency"],
        "expires_at": session["expires_ms"] // 1000,
        "livemode": False,
        "metadata": json.loads(session["metadata"]),
        "mode": "payment",
        "payment_intent": intent,
        "payment_status": "paid" if paid else "unpaid",
        "status": session["status"],
        "success_url": session["success_url"],
        "url": f"{desk.public_url}/stripe/pay/{session['id']}" if session["status"] == "open" else None,
    }


def intent_object(desk: Stripe, session: Row, *, expanded: bool = False) -> dict[str, Any]:
    return {
        "id": session["intent_id"],
        "object": "payment_intent",
        "amount": session["amount"],
        "amount_received": session["amount"],
        "created": session["created_ms"] // 1000,
        "currency": session["currency"],
        "latest_charge": charge_object(desk, session) if expanded else session["charge_id"],
        "livemode": False,
        "metadata": json.loads(session["intent_metadata"]),
        "status": "succeeded",
    }


def charge_object(desk: Stripe, session: Row) -> dict[str, Any]:
    refunded = desk.refunded(session["intent_id"])
    return {
        "id": session["charge_id"],
        "object": "charge",
        "amount": session["amount"],
        "amount_refunded": refunded,
        "created": session["paid_ms"] // 1000,
        "currency": session["currency"],
        "livemode": False,
        "metadata": json.loads(session["intent_metadata"]),
        "paid": True,
        "payment_intent": session["intent_id"],
        "refunded": refunded == session["amount"],
        "status": "succeeded",
    }


def refund_object(session: Row, refund: Row) -> dict[str, Any]:
    return {
        "id": refund["id"],
        "object": "refund",
        "amount": refund["amount"],
        "charge": session["charge_id"],
        "created": refund["created_ms"] // 1000,
        "currency": session["currency"],
        "metadata": json.loads(refund["metadata"]),
        "payment_intent": refund["intent_id"],
        "reason": refund["reason"],
        "status": refund["status"],
    }
