"""The callbacks that tell the platform what happens and ask what is allowed: SRS's HTTP callbacks and three more.

Body, as SRS sends it: `{action, client_id, ip, vhost, app, stream, param}` with on_publish, on_unpublish, on_play,
on_stop, on_dvr (+ cwd, file; ours: sha256, bytes, started_at_ms, duration_ms, recovered). Ours: on_notice
(kind, detail), on_stats.

on_publish may be answered `{"code": 0, "data": {"stream": "<public name>"}}`: the stream key then stays between the
encoder and the platform. `stream` is the key in on_publish and on_unpublish (which says `public_stream` too), and the
public name everywhere else. An on_unpublish may name a client that was refused or replaced: compare `client_id`.

An answer allows only when it is HTTP 200 with body `0` or JSON `{"code": 0, ...}`; anything
else refuses, and so does silence. The secret travels as `Authorization: Bearer`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from structlog.stdlib import get_logger

from kaibo.stage.media.settings import MediaSettings

log = get_logger(__name__)

RETRY_FIRST_SECONDS = 0.2
RETRY_MOST_SECONDS = 5.0
GIVE_UP_SECONDS = 60.0
ANSWER_BYTES_MAX = 64 * 1024
REASON_CHARS_MAX = 200
CONNECTIONS_MAX = 32


@dataclass(frozen=True, slots=True)
class Client:
    """Who an action is about, in SRS's words. `param` is the query string with its question mark, or empty."""

    client_id: str
    ip: str
    app: str
    stream: str
    param: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The platform's answer. `reached` is false when there was none; `data` is what came beside the code."""

    allowed: bool
    reason: str = ""
    reached: bool = True
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Event:
    body: dict[str, Any]
    on_taken: Callable[[], None] | None
    until: float


class Hooks:
    """`ask` waits for an answer; `tell` and `stats` never wait and never block the media path."""

    def __init__(self, settings: MediaSettings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {settings.hook_secret}", "Content-Type": "application/json"},
            timeout=settings.hook_timeout_seconds,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX),
            trust_env=False,  # the secret must not travel through a proxy of the environment
        )
        self._events: asyncio.Queue[_Event | None] = asyncio.Queue(settings.hook_queue_max)
        self._newest_stats: dict[str, dict[str, Any]] = {}
        self._stats_wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.failures = 0

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._send_events(), name="media hooks"),
            asyncio.create_task(self._send_stats(), name="media stats"),
        ]

    async def close(self, wait_seconds: float) -> None:
        """Send what is queued for at most `wait_seconds`, then stop."""
        if self._tasks:
            events, stats = self._tasks
            stats.cancel()
            try:
                self._events.put_nowait(None)
                await asyncio.wait_for(asyncio.shield(events), wait_seconds)
            except (TimeoutError, asyncio.QueueFull):
                log.warning("hooks_left_unsent", events=self._events.qsize())
                events.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def ask(self, action: str, client: Client) -> Verdict:
        """May this client publish or play? A platform that does not answer in time has not allowed it."""
        return await self._post(self._body(action, client))

    def tell(self, action: str, client: Client, on_taken: Callable[[], None] | None = None, **extra: object) -> None:
        """Queue an event; events keep their order and are repeated until taken, for a minute (on_dvr: for ever)."""
        until = float("inf") if on_taken else time.monotonic() + GIVE_UP_SECONDS
        try:
            self._events.put_nowait(_Event(self._body(action, client, **extra), on_taken, until))
        except asyncio.QueueFull:
            self.failures += 1
            log.error("hook_queue_full", action=action, stream=client.stream, queued=self._events.qsize())

    def stats(self, client: Client, **figures: object) -> None:
        """Figures of a stream; when the platform is slow only the newest are sent."""
        self._newest_stats[client.stream] = self._body("on_stats", client, **figures)
        self._stats_wake.set()

    def _body(self, action: str, client: Client, **extra: object) -> dict[str, Any]:
        return {
            "action": action,
            "client_id": client.client_id,
            "ip": client.ip,
            "vhost": self._settings.vhost,
            "app": client.app,
            "stream": client.stream,
            "param": client.param,
            **extra,
        }

    async def _post(self, body: dict[str, Any]) -> Verdict:
        try:
            answer = await self._client.post(self._settings.hook_url, content=orjson.dumps(body))
        except httpx.HTTPError as error:
            self.failures += 1
            log.warning("hook_failed", action=body["action"], error=type(error).__name__)
            return Verdict(False, "the platform does not answer; try again in a moment", reached=False)
        if answer.status_code != 200:
            self.failures += 1
            gone = answer.status_code >= 500 or answer.status_code in (408, 429)
            return Verdict(False, _reason(answer.content) or f"the platform answered {answer.status_code}", not gone)
        return read_verdict(answer.content)

    async def _send_events(self) -> None:
        while (event := await self._events.get()) is not None:
            pause = RETRY_FIRST_SECONDS
            while True:
                verdict = await self._post(event.body)
                if verdict.reached or time.monotonic() > event.until:
                    break
                if event.on_taken is not None and not self._events.empty():
                    # a recording may wait, its note is on the disk; what happens now may not
                    self._later(event)
                    break
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_MOST_SECONDS)
            if verdict.allowed and event.on_taken is not None:
                event.on_taken()
            elif not verdict.allowed:
                log.warning("hook_event_refused", action=event.body["action"], reason=verdict.reason)

    def _later(self, event: _Event) -> None:
        if not self._events.full():
            self._events.put_nowait(event)

    async def _send_stats(self) -> None:
        while True:
            await self._stats_wake.wait()
            self._stats_wake.clear()
            while self._newest_stats:
                stream = next(iter(self._newest_stats))
                await self._post(self._newest_stats.pop(stream))


def read_verdict(content: bytes) -> Verdict:
    """The meaning of an HTTP 200 body, as SRS reads it: `0` or `{"code": 0}` allows."""
    if content.strip() == b"0":
        return Verdict(True)
    try:
        answer = orjson.loads(content) if len(content) <= ANSWER_BYTES_MAX else None
    except ValueError:
        answer = None
    if isinstance(answer, dict) and answer.get("code") == 0 and not isinstance(answer.get("code"), bool):
        data = answer.get("data")
        return Verdict(True, data=data if isinstance(data, dict) else {})
    return Verdict(False, _reason(content) or "the platform refused")


def _reason(content: bytes) -> str:
    """Words in a refusal: `reason`, `detail` or `msg` of a JSON object, cut to a length a status line can carry."""
    try:
        answer = orjson.loads(content) if len(content) <= ANSWER_BYTES_MAX else None
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    for key in ("reason", "detail", "msg", "title"):
        value = answer.get(key)
        if isinstance(value, str) and value:
            return "".join(letter for letter in value if letter.isprintable())[:REASON_CHARS_MAX]
    return ""
