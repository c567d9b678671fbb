"""Signatures, the schedule of attempts, and which addresses may be called. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

SECRET_PREFIX = "whsec_"  # noqa: S105 (how every secret begins)
SECRET_BYTES = 24
URL_CHARS_MAX = 500
DESCRIPTION_CHARS_MAX = 100
ENDPOINTS_MAX = 20
TIMEOUT_SECONDS = 15.0
RESPONSE_HEAD_BYTES = 1_024
OLD_SECRET_HOURS = 24
DISABLE_AFTER_DAYS = 5
KEEP_DAYS = 30
REPLAY_MAX = 1_000

# Seconds before each attempt after the first; the specification's own schedule, 75 hours and a half in all.
RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
TRIES_MAX = len(RETRY_SECONDS) + 1
JITTER = 0.1
GONE = 410

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def spell_secret(random_bytes: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode()


def signatures(secrets: Sequence[str], message_id: str, timestamp: int, body: str) -> str:
    """The value of `webhook-signature`: "v1,<base64 of HMAC-SHA-256 over id.timestamp.body>" for every secret, blanks between."""
    signed = f"{message_id}.{timestamp}.{body}".encode()
    keys = (base64.b64decode(secret.removeprefix(SECRET_PREFIX)) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}" for key in keys)


def next_attempt(now: datetime, tries: int, *, retry_after_seconds: int = 0, chance: float = 0.5) -> datetime | None:
    """When to try again after `tries` failed attempts, None where that was the last.

    `retry_after_seconds` is what the receiver asked for; `chance` in [0, 1) spreads many deliveries by a tenth either way.
    """
    if tries >= TRIES_MAX:
        return None
    planned = RETRY_SECONDS[tries - 1] * (1 + JITTER * (2 * chance - 1))
    return now + timedelta(seconds=max(planned, min(retry_after_seconds, RETRY_SECONDS[-1])))


def must_disable(failing_since: datetime | None, now: datetime, status: int | None) -> str | None:
    """Why an endpoint is to be called no more, or None: it said 410 Gone, or nothing has succeeded for days."""
    if status == GONE:
        return "gone"
    if failing_since is not None and now - failing_since >= timedelta(days=DISABLE_AFTER_DAYS):
        return "failing"
    return None


def public_address(address: Address) -> bool:
    """Whether this address is in the open internet, also where it is an IPv4 address inside an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return public_address(inner)
    return address.is_global and not address.is_multicast


def url_problem(url: str, *, private_allowed: bool) -> str | None:
    """What is wrong with an address to call: a key of the words "open.bad_url.<key>", or None. Names are looked up when called."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "malformed"
    if parts.scheme not in ("http", "https") or not host or port == 0 or not url.isascii() or url != url.strip():
        return "malformed"
    if any(ord(c) <= 0x20 or ord(c) == 0x7F for c in url) or parts.fragment:
        return "malformed"
    if parts.username is not None or parts.password is not None:
        return "password"
    if private_allowed:
        return None
    if parts.scheme != "https":
        return "not_https"
    try:
        address: Address | None = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if (address is not None and not public_address(address)) or host == "localhost" or host.endswith(".localhost"):
        return "private"
    return None
