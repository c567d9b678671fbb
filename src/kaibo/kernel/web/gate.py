"""The gate every request passes: request id, body limit, CSRF, security headers, access log. Plain ASGI, one wrapper each way."""

from __future__ import annotations

import asyncio
import hmac
import random
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Any

from prometheus_client import Histogram
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kaibo.kernel import clock
from kaibo.kernel.config import Settings
from kaibo.kernel.errors import BodyTooLarge, CsrfFailed
from kaibo.kernel.telemetry import access_log, histogram
from kaibo.kernel.web.bearer import bearer_token
from kaibo.kernel.web.problems import problem, unexpected
from kaibo.kernel.web.thin import Answer, Thin, again, read_body

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
LOGIN_COOKIE = "kaibo_login"
CSRF_COOKIE = "kaibo_csrf"
CSRF_DAYS = 30
LENGTH_DIGITS_MAX = 18
GIVES_TOKEN = {"/api/me", "/api/login", "/api/staff/login", "/", "/desk"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

seconds = histogram(
    "kaibo_http_seconds", "Time to answer.", ("method", "route", "status"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip


class Door:
    """Where the application finds its gate once there is one."""

    gate: Gate | None = None


class Gate:
    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        machine_paths: frozenset[str],
        upload_paths: tuple[str, ...],
        thin: Mapping[tuple[str, str], Thin],
        door: Door,
    ) -> None:
        self._app = app
        self._thin = thin
        door.gate = self
        self._settings = settings
        self._machine_paths = machine_paths
        self._upload_paths = tuple(re.compile(path) for path in upload_paths)
        self._common = {api: _common_headers(settings, api=api) for api in (True, False)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(self._settings, scope, send, self._common[scope["path"].startswith("/api/")])
        limit = self._limit(scope["path"])
        refusal = self._refuse(scope, passage, limit)
        if refusal is not None:
            about = problem(Request(scope), refusal.status, refusal.code, refusal.facts())
            await about(scope, receive, passage.send)
        else:
            try:
                limited = _limited(receive, limit)
                thin = self._thin.get((scope["method"], scope["path"]))
                if thin is None:
                    await self._app(scope, limited, passage.send)
                else:
                    await self._thinly(thin, scope, limited, passage)
            except Exception as wrong:
                # Starlette's last resort answers outside of this gate: no headers, no request id, no line in the access log.
                if passage.status:
                    passage.record()
                    raise
                await unexpected(Request(scope), wrong)(scope, receive, passage.send)
        passage.record()

    async def _thinly(self, thin: Thin, scope: Scope, receive: Receive, passage: _Passage) -> None:
        body, messages = await read_body(receive)
        told: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if not thin(scope, body, lambda answer: None if told.done() else told.set_result(answer)):
            await self._app(scope, again(messages, receive), passage.send)
            return
        answer = await told
        await passage.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await passage.send({"type": "http.response.body", "body": answer.body})

    def take(self, scope: Scope, body: bytes, tell: Callable[[Answer], None]) -> bool:
        """A whole request from our own server. False: nothing was done, it is to be given to the application as usual."""
        passage = _Passage(self._settings, scope, _nowhere, self._common[scope["path"].startswith("/api/")])
        if self._refuse(scope, passage, self._limit(scope["path"])) is not None:
            return False

        def pass_out(answer: Answer) -> None:
            headers = passage.dress(answer.status, answer.headers)
            passage.record()
            tell(Answer(answer.status, headers, answer.body))

        try:
            return self._thin[scope["method"], scope["path"]](scope, body, pass_out)
        except Exception as wrong:
            pass_out(Answer.of(unexpected(Request(scope), wrong)))
            return True

    def _limit(self, path: str) -> int:
        if any(pattern.fullmatch(path) for pattern in self._upload_paths):
            return self._settings.upload_bytes_max
        return self._settings.request_bytes_max

    def _refuse(self, scope: Scope, passage: _Passage, limit: int) -> BodyTooLarge | CsrfFailed | None:
        length = passage.said(b"content-length", "0")
        if length.isdecimal() and (len(length) > LENGTH_DIGITS_MAX or int(length) > limit):
            return BodyTooLarge(bytes_max=limit)
        if scope["method"] in SAFE_METHODS or scope["path"] in self._machine_paths:
            return None
        return None if self._same_site(scope, passage) else CsrfFailed()

    def _same_site(self, scope: Scope, passage: _Passage) -> bool:
        """Fetch metadata first (it cannot be forged by a page); then, with a login, the double-submitted token."""
        if passage.said(b"authorization") and bearer_token(Headers(scope=scope)) is not None:
            return True  # judged by the token alone: no cookie of a browser is in play
        if passage.said(b"sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return False
        if LOGIN_COOKIE not in passage.cookies:
            return True
        sent = passage.said(b"x-csrf-token")
        return bool(passage.csrf) and hmac.compare_digest(sent.encode(), passage.csrf.encode())


async def _nowhere(_message: Message) -> None:
    raise AssertionError("what our server took is not answered by messages")


def _limited(receive: Receive, limit: int) -> Receive:
    """Counts what arrives, for bodies sent without a Content-Length."""
    taken = 0

    async def take() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise BodyTooLarge(bytes_max=limit)
        return message

    return take


class _Passage:
    """One request on its way through."""

    def __init__(self, settings: Settings, scope: Scope, send: Send, common: list[tuple[bytes, bytes]]) -> None:
        self._settings = settings
        self._common = common
        self._scope = scope
        self._send = send
        self._started = clock.monotonic()
        self.status = 0
        self._said: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # of a repeated header, the first
        self.cookies = _cookies(self.said(b"cookie"))
        self.csrf = self.cookies.get(CSRF_COOKIE, "")
        self._fresh_csrf = "" if self.csrf else secrets.token_urlsafe(24)
        asked = self.said(b"x-request-id")
        self._request_id = asked if asked and _REQUEST_ID.fullmatch(asked) else f"{random.getrandbits(64):016x}"
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = self._request_id
        state["cookies"] = self.cookies
        state["csrf_token"] = self.csrf or self._fresh_csrf

    def said(self, name: bytes, default: str = "") -> str:
        """A header of the request."""
        value = self._said.get(name)
        return default if value is None else value.decode("latin-1")

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = self.dress(message["status"], message.get("headers", ()))
        await self._send(message)

    def dress(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers of an answer with what the gate adds to them."""
        self.status = status
        answered = list(headers)
        there = dict(answered)
        answered.append((b"x-request-id", self._request_id.encode()))
        if there.get(b"content-type", b"").startswith(b"text/html"):
            answered.append((b"content-security-policy", self._page_policy().encode()))
            there[b"content-security-policy"] = b""
        answered += [pair for pair in self._common if pair[0] not in there]
        if (window := self._scope["state"].get("rate_limit")) is not None:
            # draft-ietf-httpapi-ratelimit-headers-10
            answered.append((b"ratelimit-policy", f'"token";q={window.most};w={window.seconds}'.encode()))
            answered.append((b"ratelimit", f'"token";r={window.left};t={window.reset_seconds}'.encode()))
        if self._fresh_csrf and self._scope["path"] in GIVES_TOKEN:
            secure = "; Secure" if self._settings.public_url.startswith("https") else ""
            cookie = f"{CSRF_COOKIE}={self._fresh_csrf}; Path=/; Max-Age={CSRF_DAYS * 86400}; SameSite=Lax{secure}"
            answered.append((b"set-cookie", cookie.encode()))
        return answered

    def _page_policy(self) -> str:
        host = (self.said(b"host") or "localhost").rsplit(":", 1)[0]
        s = self._settings
        secure = s.public_url.startswith("https")
        media = s.media_public_url or f"{'https' if secure else 'http'}://{host}:{s.media_port}"
        events = s.nats_websocket_url or f"{'wss' if secure else 'ws'}://{host}:{s.nats_websocket_port}"
        return "; ".join(
            [
                "default-src 'self'",
                "script-src 'self'",
                # Vant and Element Plus position their popups with style attributes.
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                f"media-src 'self' blob: {media}",
                f"connect-src 'self' {media} {events}",
                "worker-src 'self' blob:",
                "object-src 'none'",
                "base-uri 'self'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            ]
        )

    def record(self) -> None:
        took = clock.monotonic() - self._started
        route = getattr(self._scope.get("route"), "path", "other")
        _timer(self._scope["method"], route, self.status).observe(took)
        if self._scope["path"] in {"/healthz", "/readyz", "/metrics"}:
            return
        access_log.note(
            method=self._scope["method"],
            path=self._scope["path"],
            status=self.status,
            ms=round(took * 1000, 1),
            request_id=self._request_id,
        )


@lru_cache(maxsize=4096)
def _timer(method: str, route: str, status: int) -> Histogram:
    return seconds.labels(method, route, str(status))


def _common_headers(settings: Settings, *, api: bool) -> list[tuple[bytes, bytes]]:
    """What every answer carries where it does not say otherwise itself."""
    headers = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"strict-origin-when-cross-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"x-frame-options", b"DENY"),
        (b"content-security-policy", b"default-src 'none'"),
    ]
    if settings.public_url.startswith("https"):
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    if api:
        headers.append((b"cache-control", b"no-store"))
    return headers


def _cookies(header: str) -> dict[str, str]:
    if '"' not in header and "\\" not in header:  # nothing is quoted: everyday cookies need no parser
        pairs = (part.partition("=") for part in header.split(";"))
        return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
