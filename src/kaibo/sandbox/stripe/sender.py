"""How Stripe says it: JSON with the Stripe-Signature header, in any order, for up to three days."""

import hashlib
import hmac
import secrets

from kaibo.sandbox.beijing import now_ms
from kaibo.sandbox.faults import Faults
from kaibo.sandbox.store import Row
from kaibo.sandbox.stripe.sessions import Stripe, finish_due


class StripeSender:
    """The courier's side of Stripe."""

    RETRY_S: tuple[int, ...] = (60, 300, 1800, 7200, 18000, 36000, 43200, 43200, 43200, 43200)
    """Stripe documents "up to three days with exponential back-off"; these are 66 hours."""

    def __init__(self, desk: Stripe) -> None:
        self._desk = desk
        self.store, self.settings, self.wake = desk.store, desk.settings, desk.wake

    def finish_due(self) -> None:
        finish_due(self._desk)

    def next_due_ms(self) -> int | None:
        row = self.store.one("SELECT min(due_ms) AS due FROM refunds WHERE status = 'pending'")
        return row["due"] if row else None

    def is_heard(self, status: int, body: bytes) -> bool:
        return 200 <= status < 300

    def letter(self, delivery: Row, faults: Faults) -> tuple[dict[str, str], bytes]:
        body, signed_at = str(delivery["resource"]).encode(), now_ms() // 1000
        secret = secrets.token_hex(24) if faults.forge else self._desk.keys.webhook_secret
        signature = hmac.new(secret.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
        if faults.corrupt_signature and delivery["attempts"] == 0:
            signature = "0" * 64
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0"}
        return headers | {"Stripe-Signature": f"t={signed_at},v1={signature}"}, body
