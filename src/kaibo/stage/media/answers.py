"""ASGI in a few words: what a handler of the media engine needs of a request, and how it answers.

Bare ASGI, because a viewer costs one `send` a frame and a framework between them costs more than the frame.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

NO_STORE: Header = (b"cache-control", b"no-store")
IMMUTABLE: Header = (b"cache-control", b"public, max-age=3600, immutable")
"""For URIs that carry the stream's epoch: what they name never changes."""


@dataclass(slots=True)
class Request:
    """One HTTP request and the headers that every answer to it carries."""

    method: str
    path: str
    query: str
    ip: str
    headers: dict[bytes, bytes]
    receive: Receive
    send: Send
    extra: list[Header]
    abort: Callable[[], None]
    """Cut the connection without waiting for what is unsent."""

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return parse_qs(self.query, keep_blank_values=True, max_num_fields=20).get(name, [None])[0]

    async def start(self, status: int, headers: Iterable[Header]) -> None:
        await self.send({"type": "http.response.start", "status": status, "headers": [*headers, *self.extra]})

    async def body(self, data: bytes, more: bool) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(self, status: int, kind: bytes, data: bytes, cache: Header = NO_STORE) -> None:
        """A whole answer at once; HEAD gets its headers only."""
        await self.start(status, ((b"content-type", kind), (b"content-length", b"%d" % len(data)), cache))
        await self.body(b"" if self.method == "HEAD" else data, False)

    async def problem(self, status: int, detail: str) -> None:
        """An error with the reason in it (RFC 9457)."""
        body = orjson.dumps({"status": status, "detail": detail})
        await self.answer(status, b"application/problem+json", body)


def request_of(scope: Scope, receive: Receive, send: Send, cors_origins: tuple[str, ...]) -> Request:
    """The request in `scope`; its answers carry CORS headers when the page's origin is allowed."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    client = scope.get("client")
    extra: list[Header] = [(b"x-content-type-options", b"nosniff")]
    origin = headers.get(b"origin")
    if cors_origins:
        extra.append((b"vary", b"origin"))
    if origin is not None and ("*" in cors_origins or origin.decode("latin-1") in cors_origins):
        extra.append((b"access-control-allow-origin", b"*" if "*" in cors_origins else origin))
        extra.append((b"cross-origin-resource-policy", b"cross-origin"))
    query: str = scope["query_string"].decode("latin-1")
    ip = str(client[0]) if client else ""
    abort = scope["kaibo.abort"]
    return Request(scope["method"], scope["path"], query, ip, headers, receive, send, extra, abort)
