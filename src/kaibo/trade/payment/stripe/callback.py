"""From a webhook's bytes to a notice that may be believed. The signature is checked by Stripe's own package.

Stripe says everything at least once, for up to three days, in any order; what is not about our payments is acknowledged and
otherwise left alone, so that it stops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import stripe

from kaibo.trade.payment.gateway import (
    ChargeNotice,
    ForeignCallback,
    ForgedCallback,
    Notice,
    NoticeSource,
    OtherNotice,
    RefundNotice,
    RefundStatus,
    StaleCallback,
)
from kaibo.trade.payment.stripe.config import StripeConfig
from kaibo.trade.payment.stripe.wire import REFUND_STATUS, moment

AGE_S_MAX = 300
BODY_BYTES_MAX = 256 * 1024
PAID = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
REFUND = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})


def parse_callback(config: StripeConfig, headers: Mapping[str, str], body: bytes) -> Notice:
    """Verify and read one webhook. Raises ForgedCallback, StaleCallback or ForeignCallback."""
    if len(body) > BODY_BYTES_MAX:
        raise ForgedCallback("the body is too long", body_bytes=len(body), body_bytes_max=BODY_BYTES_MAX)
    signed_at = _verify(config, headers, body)
    try:
        return _read(config, json.loads(body), signed_at)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ForgedCallback(f"signed, but not as documented: {error!r}") from error


def _verify(config: StripeConfig, headers: Mapping[str, str], body: bytes) -> int:
    """When it was signed, in seconds."""
    header = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
    check: Any = stripe.WebhookSignature.verify_header
    try:
        text = body.decode("utf-8")
        check(text, header, config.webhook_secret, None)
        signed_at = int(dict(part.split("=", 1) for part in header.split(","))["t"])
    except (stripe.SignatureVerificationError, ValueError, KeyError) as forged:
        raise ForgedCallback(f"the signature does not match: {forged}"[:200]) from forged
    try:
        check(text, header, config.webhook_secret, AGE_S_MAX)
    except stripe.SignatureVerificationError as stale:
        raise StaleCallback("signed too long ago", signed_at=signed_at, age_s_max=AGE_S_MAX) from stale
    return signed_at


def _read(config: StripeConfig, event: dict[str, Any], signed_at: int) -> Notice:
    kind, subject = event["type"], event["data"]["object"]
    if event["livemode"] != config.is_live or event.get("account"):
        account = str(event.get("account") or "")
        raise ForeignCallback(
            "a genuine webhook of another account or mode", livemode=str(event["livemode"]), account=account
        )
    source = NoticeSource(
        notice_id=event["id"],
        event_type=kind,
        created_at=moment(event["created"]),
        signed_at=moment(signed_at),
        nonce="",
        serial_no="",
        replayed=False,
    )
    metadata = subject.get("metadata") or {}
    if kind in PAID and subject["payment_status"] == "paid" and subject.get("client_reference_id"):
        return _charge(source, subject, event["created"])
    if kind in REFUND and metadata.get("out_refund_no"):
        return _refund(source, subject, metadata, event["created"])
    return OtherNotice(source, str(metadata.get("out_trade_no", "")), str(subject.get("id", "")))


def _charge(source: NoticeSource, session: dict[str, Any], created: int) -> ChargeNotice:
    return ChargeNotice(
        source=source,
        mchid="",
        appid="",
        out_trade_no=session["client_reference_id"],
        transaction_id=session["payment_intent"],
        amount_fen=session["amount_total"],
        currency=session["currency"].upper(),
        paid_at=moment(created),
        attach="",
    )


def _refund(source: NoticeSource, refund: dict[str, Any], metadata: dict[str, str], created: int) -> RefundNotice:
    status = REFUND_STATUS.get(refund["status"], RefundStatus.UNKNOWN)
    return RefundNotice(
        source=source,
        mchid="",
        out_trade_no=metadata["out_trade_no"],
        transaction_id=refund["payment_intent"],
        out_refund_no=metadata["out_refund_no"],
        refund_id=refund["id"],
        refund_fen=refund["amount"],
        total_fen=None,
        status=status,
        refunded_at=moment(created) if status is RefundStatus.DONE else None,
    )
