"""The demo's way into the house: the public HTTP API at this machine's own port, as a browser would use it.

One connection pool for everybody; each person carries their own cookies. Nothing here retries what may have happened: reads, and
writes with an Idempotency-Key, are repeated when the web does not answer, everything else is given up.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

COOKIES = ("kaibo_login", "kaibo_csrf", "kaibo_viewer")
TIMEOUT_SECONDS = 20.0
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS_MAX = 8.0
DETAIL_CHARS_MAX = 300


class Unreached(Exception):
    """The web did not answer in time; whether the act took place is unknown."""


@dataclass(eq=False)
class Refusal(Exception):
    """The house said no."""

    status: int
    code: str
    detail: str
    retry_after_seconds: int
    facts: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.detail}"


class Door:
    """`port` of the web process. `acts` and `refusals` count what was done, by route and by code, since they were last taken."""

    def __init__(self, port: int, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.acts: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self._patience_seconds = patience_seconds
        self._client = httpx.AsyncClient(
            base_url=self.address,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,  # a proxy of the environment has no business between two processes of one machine
            limits=httpx.Limits(max_connections=24, max_keepalive_connections=8, keepalive_expiry=4),
        )
        # Every person has cookies of their own: the pool's common jar takes none.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def __aenter__(self) -> Door:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        cookies: dict[str, str],
        content: bytes | None = None,
        files: dict[str, tuple[str, bytes, str]] | None = None,
        repeatable: bool,
    ) -> Any:
        """The JSON that was answered (None for 204). New cookies are put into `cookies`. Raises Refusal, Unreached."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + self._patience_seconds, 0.25
        while True:
            try:
                answer = await self._client.request(
                    method, url, headers=_with_cookies(headers, cookies), content=content, files=files
                )
            except httpx.TransportError as wrong:
                untouched = isinstance(wrong, httpx.ConnectError | httpx.ConnectTimeout)
                if not (repeatable or untouched) or loop.time() + pause > until:
                    raise Unreached(f"{method} {url}: {type(wrong).__name__}") from wrong
            else:
                if answer.status_code not in (502, 503, 504) or not repeatable or loop.time() + pause > until:
                    return self._read(method, answer, cookies)
            await asyncio.sleep(pause)
            pause = min(pause * 2, PAUSE_SECONDS_MAX)

    def _read(self, method: str, answer: httpx.Response, cookies: dict[str, str]) -> Any:
        if answer.is_success:
            self.acts[method] += 1
            for line in answer.headers.get_list("set-cookie"):
                name, _, value = line.partition(";")[0].partition("=")
                if name in COOKIES:
                    cookies[name] = value
            return orjson.loads(answer.content) if answer.content else None
        refusal = _refusal(answer)
        self.refusals[refusal.code] += 1
        if answer.status_code >= 500 or answer.status_code in (400, 422):
            log.error("demo.unexpected", method=method, path=answer.request.url.path, **_told(refusal))
        raise refusal

    def take_counts(self) -> dict[str, dict[str, int]]:
        counts = {"acts": dict(self.acts), "refusals": dict(self.refusals)}
        self.acts.clear()
        self.refusals.clear()
        return counts


def _with_cookies(headers: dict[str, str], cookies: dict[str, str]) -> dict[str, str]:
    return {**headers, "Cookie": "; ".join(f"{n}={v}" for n, v in cookies.items())} if cookies else headers


def _told(refusal: Refusal) -> dict[str, Any]:
    return {
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail[:DETAIL_CHARS_MAX],
        "errors": refusal.facts.get("errors", [])[:5],
    }


def _refusal(answer: httpx.Response) -> Refusal:
    try:
        facts = orjson.loads(answer.content)
    except ValueError:
        facts = {}
    if not isinstance(facts, dict):
        facts = {}
    return Refusal(
        status=answer.status_code,
        code=str(facts.get("code", f"http.{answer.status_code}")),
        detail=str(facts.get("detail", answer.text[:DETAIL_CHARS_MAX])),
        retry_after_seconds=int(facts.get("retry_after_seconds", 0) or 0),
        facts=facts,
    )


def segment(text: object) -> str:
    """One segment of a path."""
    return quote(str(text), safe="")
