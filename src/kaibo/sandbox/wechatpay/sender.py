"""How WeChat Pay says it: sealed with the APIv3 key, signed with the platform's."""

import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from kaibo.sandbox.beijing import now_ms, rfc3339
from kaibo.sandbox.faults import Faults
from kaibo.sandbox.store import Row, Store
from kaibo.sandbox.wechatpay import refunds
from kaibo.sandbox.wechatpay.crypto import seal, sign_parts
from kaibo.sandbox.wechatpay.platform import SCHEME, Platform


class WechatSender:
    """The courier's side of WeChat Pay."""

    RETRY_S: tuple[int, ...] = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
    """The documented waits between deliveries, together 24 h 4 min. After the last one only a query helps."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.store: Store = platform.store
        self.settings, self.wake = platform.settings, platform.wake

    def finish_due(self) -> None:
        refunds.finish_due(self._platform)

    def next_due_ms(self) -> int | None:
        row = self.store.one("SELECT min(due_ms) AS due FROM refunds WHERE state = 'PROCESSING'")
        return row["due"] if row else None

    def is_heard(self, status: int, body: bytes) -> bool:
        return 200 <= status < 300

    def letter(self, delivery: Row, faults: Faults) -> tuple[dict[str, str], bytes]:
        keys = self._platform.keys
        original = "refund" if delivery["event_type"].startswith("REFUND.") else "transaction"
        envelope: dict[str, Any] = {
            "id": delivery["notice_id"],
            "create_time": rfc3339(delivery["created_ms"]),
            "resource_type": "encrypt-resource",
            "event_type": delivery["event_type"],
            "summary": delivery["summary"],
            "resource": seal(keys.apiv3_key, delivery["resource"].encode(), original) | {"original_type": original},
        }
        body = json.dumps(envelope, ensure_ascii=False).encode()
        timestamp, nonce = str(now_ms() // 1000), secrets.token_hex(16)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048) if faults.forge else keys.signing.private
        signature = sign_parts(key, timestamp, nonce, body)
        if faults.corrupt_signature and delivery["attempts"] == 0:
            signature = "WECHATPAY/SIGNTEST/" + signature[19:]
        return {
            "Content-Type": "application/json",
            "User-Agent": "Mozilla/4.0",
            "Wechatpay-Serial": keys.signing.serial_no,
            "Wechatpay-Signature": signature,
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature-Type": SCHEME,
        }, body
