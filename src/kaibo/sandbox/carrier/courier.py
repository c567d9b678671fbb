"""Lets parcels take their steps and delivers the pushes: three repetitions half an hour apart, as Kuaidi100 does."""

import asyncio
import json
import logging

import httpx

from kaibo.sandbox.addresses import is_allowed
from kaibo.sandbox.beijing import now_ms
from kaibo.sandbox.carrier.parcels import Desk, advance
from kaibo.sandbox.store import Row

RETRY_S = 1800
RETRIES_MAX = 3
IN_FLIGHT_MAX = 16
ANSWER_BYTES_MAX = 4096

log = logging.getLogger(__name__)


class Courier:
    """One task that sleeps until something is due, and one task for each push in flight."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._flying: dict[int, asyncio.Task[None]] = {}
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(), timeout=desk.settings.push_timeout_s, follow_redirects=False
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. What is in flight then is cut off and goes out again after the next start."""
        try:
            while not stop.is_set():
                self._desk.wake.clear()
                advance(self._desk)
                at_ms = now_ms()
                self._launch(at_ms)
                await self._nap(at_ms)
        finally:
            for task in self._flying.values():
                task.cancel()
            await asyncio.gather(*self._flying.values(), return_exceptions=True)
            await self._http.aclose()

    def _launch(self, at_ms: int) -> None:
        due = self._desk.store.all(
            "SELECT * FROM pushes WHERE state = 'waiting' AND due_ms <= ? ORDER BY due_ms, id LIMIT ?",
            at_ms,
            2 * IN_FLIGHT_MAX,
        )
        for push in due:
            if push["id"] not in self._flying and len(self._flying) < IN_FLIGHT_MAX:
                self._flying[push["id"]] = asyncio.create_task(self._deliver(push))

    async def _nap(self, at_ms: int) -> None:
        """Until the next thing is due; without anything to come, until somebody wakes us."""
        row = self._desk.store.one(
            "SELECT min(due) AS due FROM (SELECT next_ms AS due FROM parcels WHERE next_ms IS NOT NULL"
            " UNION ALL SELECT due_ms FROM pushes WHERE state = 'waiting' AND due_ms > ?)",
            at_ms,
        )
        due = row["due"] if row and len(self._flying) < IN_FLIGHT_MAX else None
        try:
            async with asyncio.timeout(None if due is None else max(0.001, (due - now_ms()) / 1000)):
                await self._desk.wake.wait()
        except TimeoutError:
            pass

    async def _deliver(self, push: Row) -> None:
        try:
            for _ in range(push["copies"]):
                heard, note = await self._post(push)
            self._settle(push, heard, note)
        finally:
            del self._flying[push["id"]]
            self._desk.wake.set()

    async def _post(self, push: Row) -> tuple[bool, str]:
        """Heard is only who answers {"result": true, …}."""
        if not is_allowed(push["url"], self._desk.settings.push_origins):
            return False, "the address is outside --push-origin"
        try:
            answer = await self._http.post(push["url"], data={"param": push["param"], "sign": push["sign"]})
            said = json.loads(answer.content[:ANSWER_BYTES_MAX])
        except httpx.HTTPError as error:
            return False, f"{type(error).__name__}: {error}"[:300]
        except ValueError:
            return False, f"{answer.status_code}: no JSON"
        heard = answer.status_code == 200 and isinstance(said, dict) and said.get("result") is True
        return heard, f"{answer.status_code}: {json.dumps(said, ensure_ascii=False)[:200]}"

    def _settle(self, push: Row, heard: bool, note: str) -> None:
        attempts, due_ms = push["attempts"] + 1, push["due_ms"]
        if heard:
            state = "delivered"
        elif attempts > RETRIES_MAX:
            state = "given_up"
        else:
            state = "waiting"
            due_ms = now_ms() + max(1, int(RETRY_S * 1000 * self._desk.settings.retry_scale))
        store = self._desk.store
        with store.change():
            sql = "UPDATE pushes SET state = ?, due_ms = ?, attempts = ?, note = ? WHERE id = ?"
            store.run(sql, state, due_ms, attempts, note, push["id"])
            # What was held to come out of order goes now, the youngest first.
            sql = "UPDATE pushes SET state = 'waiting', due_ms = ? - id WHERE state = 'held' AND num = ? AND id < ?"
            store.run(sql, now_ms(), push["num"], push["id"])
        log.info("push %s of %s: %s, now %s", push["id"], push["num"], note, state)
