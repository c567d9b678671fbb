"""Delivers callbacks, again and again until the merchant has heard them, as the providers do."""

import asyncio
import logging
from typing import Protocol

import httpx

from kaibo.sandbox.addresses import is_allowed
from kaibo.sandbox.beijing import now_ms
from kaibo.sandbox.faults import Faults
from kaibo.sandbox.settings import Settings
from kaibo.sandbox.store import Row, Store

IN_FLIGHT_MAX = 32
NAP_S_MAX = 1.0
ANSWER_BYTES_MAX = 4096

log = logging.getLogger(__name__)


class Sender(Protocol):
    """What is one provider's own about its callbacks. `RETRY_S` are its documented waits between two deliveries."""

    RETRY_S: tuple[int, ...]
    store: Store
    settings: Settings
    wake: asyncio.Event

    def finish_due(self) -> None:
        """Do what has its moment now, such as refunds under way."""

    def next_due_ms(self) -> int | None:
        """When `finish_due` has something to do next."""

    def letter(self, delivery: Row, faults: Faults) -> tuple[dict[str, str], bytes]:
        """Headers and body, signed at this moment."""

    def is_heard(self, status: int, body: bytes) -> bool: ...


class Courier:
    """One task that looks for due deliveries, and one task for each delivery in flight."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._flying: dict[int, asyncio.Task[None]] = {}
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(), timeout=sender.settings.notify_timeout_s, follow_redirects=False
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. What is in flight then is cut off and goes out again after the next start."""
        try:
            while not stop.is_set():
                self._sender.wake.clear()
                self._sender.finish_due()
                at_ms = now_ms()
                self._launch(at_ms)
                await self._nap(at_ms)
        finally:
            for task in self._flying.values():
                task.cancel()
            await asyncio.gather(*self._flying.values(), return_exceptions=True)
            await self._http.aclose()

    def _launch(self, at_ms: int) -> None:
        due = self._sender.store.all(
            "SELECT * FROM deliveries WHERE state IN ('waiting', 'held') AND due_ms <= ? ORDER BY due_ms, id LIMIT ?",
            at_ms,
            2 * IN_FLIGHT_MAX,
        )
        for delivery in due:
            if delivery["id"] in self._flying or len(self._flying) >= IN_FLIGHT_MAX:
                continue
            self._flying[delivery["id"]] = asyncio.create_task(self._deliver(delivery))

    async def _nap(self, at_ms: int) -> None:
        row = self._sender.store.one(
            "SELECT min(due_ms) AS due FROM deliveries WHERE state IN ('waiting', 'held') AND due_ms > ?", at_ms
        )
        dues = [due for due in (row["due"] if row else None, self._sender.next_due_ms()) if due is not None]
        nap_s = min([NAP_S_MAX, *(max(0.001, (due - now_ms()) / 1000) for due in dues)])
        try:
            async with asyncio.timeout(nap_s):
                await self._sender.wake.wait()
        except TimeoutError:
            pass

    async def _deliver(self, delivery: Row) -> None:
        faults = Faults.model_validate_json(delivery["faults"])
        try:
            headers, body = self._sender.letter(delivery, faults)
            for _ in range(1 + faults.replay):
                status, note, heard = await self._post(delivery["url"], headers, body)
                self._record(delivery, status, note)
            self._settle(delivery, status, heard)
        finally:
            del self._flying[delivery["id"]]
            self._sender.wake.set()

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int | None, str, bool]:
        # Checked again: the trade may have been made before the origins were narrowed.
        if not is_allowed(url, self._sender.settings.notify_origins):
            return None, "the address is outside --notify-origin", False
        try:
            async with self._http.stream("POST", url, content=body, headers=headers) as response:
                said = bytearray()
                async for chunk in response.aiter_bytes():
                    said += chunk
                    if len(said) > ANSWER_BYTES_MAX:
                        break
                heard = self._sender.is_heard(response.status_code, bytes(said))
                return response.status_code, response.reason_phrase, heard
        except httpx.HTTPError as error:
            return None, f"{type(error).__name__}: {error}"[:300], False

    def _record(self, delivery: Row, status: int | None, note: str) -> None:
        attempt = {"delivery_id": delivery["id"], "at_ms": now_ms(), "http_status": status, "note": note}
        with self._sender.store.change():
            self._sender.store.insert("attempts", attempt)

    def _settle(self, delivery: Row, status: int | None, heard: bool) -> None:
        attempts = delivery["attempts"] + 1
        waits = self._sender.RETRY_S
        if heard:
            state, due_ms = "delivered", delivery["due_ms"]
        elif attempts > len(waits):
            state, due_ms = "given_up", delivery["due_ms"]
        else:
            wait_ms = max(1, int(waits[attempts - 1] * 1000 * self._sender.settings.notify_scale))
            state, due_ms = "waiting", now_ms() + wait_ms
        store = self._sender.store
        with store.change():
            sql = "UPDATE deliveries SET state = ?, due_ms = ?, attempts = ? WHERE id = ?"
            store.run(sql, state, due_ms, attempts, delivery["id"])
            # What was held for reordering goes now that a later one has gone out.
            sql = "UPDATE deliveries SET state = 'waiting', due_ms = ? WHERE state = 'held' AND notice_id != ?"
            store.run(sql, now_ms(), delivery["notice_id"])
        log.info("callback %s attempt %d: %s, now %s", delivery["notice_id"], attempts, status, state)
