"""Delivers callbacks: signed, sealed, and again and again until somebody answers 2xx, as WeChat Pay does."""

import asyncio
import json
import logging
import secrets
from typing import Any

import httpx

from kaibo.sandbox.wechatpay import refunds
from kaibo.sandbox.wechatpay.beijing import rfc3339
from kaibo.sandbox.wechatpay.crypto import now_ms, seal, sign_parts
from kaibo.sandbox.wechatpay.faults import Faults
from kaibo.sandbox.wechatpay.platform import SCHEME, Platform
from kaibo.sandbox.wechatpay.settings import is_allowed
from kaibo.sandbox.wechatpay.store import Row

RETRY_S = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""The documented waits between deliveries, together 24 h 4 min. After the last one only a query helps."""
IN_FLIGHT_MAX = 32
NAP_S_MAX = 1.0

log = logging.getLogger(__name__)


class Courier:
    """One task that looks for due deliveries, and one task for each delivery in flight."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._flying: dict[int, asyncio.Task[None]] = {}
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(), timeout=platform.settings.notify_timeout_s, follow_redirects=False
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. What is in flight then is cut off and goes out again after the next start."""
        try:
            while not stop.is_set():
                self._platform.wake.clear()
                refunds.finish_due(self._platform)
                at_ms = now_ms()
                self._launch(at_ms)
                await self._nap(at_ms)
        finally:
            for task in self._flying.values():
                task.cancel()
            await asyncio.gather(*self._flying.values(), return_exceptions=True)
            await self._http.aclose()

    def _launch(self, at_ms: int) -> None:
        due = self._platform.store.all(
            "SELECT * FROM deliveries WHERE state IN ('waiting', 'held') AND due_ms <= ? ORDER BY due_ms, id LIMIT ?",
            at_ms,
            2 * IN_FLIGHT_MAX,
        )
        for delivery in due:
            if delivery["id"] in self._flying or len(self._flying) >= IN_FLIGHT_MAX:
                continue
            self._flying[delivery["id"]] = asyncio.create_task(self._deliver(delivery))

    async def _nap(self, at_ms: int) -> None:
        row = self._platform.store.one(
            "SELECT min(due) AS due FROM (SELECT due_ms AS due FROM refunds WHERE state = 'PROCESSING'"
            " UNION ALL SELECT due_ms FROM deliveries WHERE state IN ('waiting', 'held') AND due_ms > ?)",
            at_ms,
        )
        next_ms = row["due"] if row else None
        nap_s = NAP_S_MAX if next_ms is None else min(NAP_S_MAX, max(0.001, (next_ms - now_ms()) / 1000))
        try:
            async with asyncio.timeout(nap_s):
                await self._platform.wake.wait()
        except TimeoutError:
            pass

    async def _deliver(self, delivery: Row) -> None:
        faults = Faults.model_validate_json(delivery["faults"])
        try:
            headers, body = self._letter(delivery, faults)
            for _ in range(1 + faults.replay):
                status, note = await self._post(delivery["url"], headers, body)
                self._record(delivery, status, note)
            self._settle(delivery, status)
        finally:
            del self._flying[delivery["id"]]
            self._platform.wake.set()

    def _letter(self, delivery: Row, faults: Faults) -> tuple[dict[str, str], bytes]:
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
        signature = sign_parts(keys.signing.private, timestamp, nonce, body)
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

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int | None, str]:
        # Checked again: the trade may have been made before the origins were narrowed.
        if not is_allowed(url, self._platform.settings.notify_origins):
            return None, "the address is outside --notify-origin"
        try:
            async with self._http.stream("POST", url, content=body, headers=headers) as response:
                return response.status_code, response.reason_phrase
        except httpx.HTTPError as error:
            return None, f"{type(error).__name__}: {error}"[:300]

    def _record(self, delivery: Row, status: int | None, note: str) -> None:
        attempt = {"delivery_id": delivery["id"], "at_ms": now_ms(), "http_status": status, "note": note}
        with self._platform.store.change():
            self._platform.store.insert("attempts", attempt)

    def _settle(self, delivery: Row, status: int | None) -> None:
        attempts = delivery["attempts"] + 1
        if status is not None and 200 <= status < 300:
            state, due_ms = "delivered", delivery["due_ms"]
        elif attempts > len(RETRY_S):
            state, due_ms = "given_up", delivery["due_ms"]
        else:
            wait_ms = max(1, int(RETRY_S[attempts - 1] * 1000 * self._platform.settings.notify_scale))
            state, due_ms = "waiting", now_ms() + wait_ms
        store = self._platform.store
        with store.change():
            sql = "UPDATE deliveries SET state = ?, due_ms = ?, attempts = ? WHERE id = ?"
            store.run(sql, state, due_ms, attempts, delivery["id"])
            # What was held for reordering goes now that a later one has gone out.
            sql = "UPDATE deliveries SET state = 'waiting', due_ms = ? WHERE state = 'held' AND notice_id != ?"
            store.run(sql, now_ms(), delivery["notice_id"])
        log.info("callback %s attempt %d: %s, now %s", delivery["notice_id"], attempts, status, state)
