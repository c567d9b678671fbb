"""Webhooks: is this call Kaibo's? (Standard Webhooks, scheme v1.)"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

PREFIX = "whsec_"


class WebhookForged(Exception):
    """Not signed with this secret, altered, or too old."""


def verify_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, tolerance_seconds: int = 300
) -> dict[str, Any]:
    """The message in `body` (the bytes as they came). Raises WebhookForged."""
    sent = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp, signature = (sent[f"webhook-{part}"] for part in ("id", "timestamp", "signature"))
        age = abs(time.time() - int(timestamp))
    except (KeyError, ValueError) as wrong:
        raise WebhookForged("the headers webhook-id, webhook-timestamp and webhook-signature are missing") from wrong
    if age > tolerance_seconds:
        raise WebhookForged(f"sent {age:.0f} s ago; replayed, or a clock is wrong")
    key = base64.b64decode(secret.removeprefix(PREFIX))
    wanted = base64.b64encode(hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)).decode()
    given = [one.removeprefix("v1,") for one in signature.split() if one.startswith("v1,")]
    if not any(hmac.compare_digest(wanted, one) for one in given):
        raise WebhookForged("no signature of ours fits")
    message: dict[str, Any] = json.loads(body)
    return message
