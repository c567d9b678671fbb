"""uvicorn's connection, which hands whole requests of the thin entries to the application without a task for each.

An ASGI request costs a task, an event and two writes to the socket, together more than placing an order costs. Here a request of a
straight path that came whole and plain is given to the gate in one call, and its answer is written in one piece when the gate tells
it. Everything else goes uvicorn's own way, also when the gate does not want it. See ADR 8.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from kaibo.kernel.web.app import Application
from kaibo.kernel.web.thin import Answer

BODY_BYTES_MAX = 64 << 10
"""Larger bodies go the usual way, where they are read as they come."""


class _Pending:
    """Stands where uvicorn keeps the request that is being answered; later requests of the connection queue behind it."""

    __slots__ = ("disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.response_complete = self.disconnected = False
        self.message_event = self

    def set(self) -> None:
        """As an event that nobody waits for."""


class Connection(HttpToolsProtocol):
    """For uvicorn's `http` option."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app: Any = self.app
        while not isinstance(app, Application) and hasattr(app, "app"):  # uvicorn's middleware for proxies
            app = app.app
        self._house: Application | None = app if isinstance(app, Application) else None
        self._straight = frozenset() if self._house is None else self._house.straight_paths
        self._whole: bytearray | None = None  # the body of a request that is still coming and may be straight

    def on_headers_complete(self) -> None:
        if self.url not in self._straight or not self._is_plain():
            super().on_headers_complete()
            return
        scope: Any = self.scope
        scope["method"], scope["path"] = self.parser.get_method().decode("ascii"), self.url.decode("ascii")
        scope["raw_path"], scope["query_string"] = self.url, b""
        self._whole = bytearray()
        self.cycle = _Pending(self.parser.should_keep_alive())  # type: ignore[assignment]

    def _is_plain(self) -> bool:
        """A request of HTTP/1.1 with a body of known, small size, on a connection that answers no other at the moment."""
        length = next((value for name, value in self.headers if name == b"content-length"), b"")
        return (
            (self.cycle is None or self.cycle.response_complete)
            and len(length) <= len(str(BODY_BYTES_MAX))
            and length.isdigit()
            and int(length) <= BODY_BYTES_MAX
            and not self.expect_100_continue
            and not self.root_path
            and self.limit_concurrency is None
            and not self.parser.should_upgrade()
            and self.parser.get_http_version() == "1.1"
        )

    def on_body(self, body: bytes) -> None:
        if self._whole is None:
            super().on_body(body)
        else:
            self._whole += body

    def on_message_complete(self) -> None:
        if self._whole is None:
            super().on_message_complete()
            return
        body, self._whole = bytes(self._whole), None
        pending: Any = self.cycle
        scope: Any = self.scope
        assert self._house is not None
        if not self._house.take(scope, body, lambda answer: self._write(pending, answer)):
            self._as_usual(pending, body)

    def _as_usual(self, pending: _Pending, body: bytes) -> None:
        self.scope["state"] = self.app_state.copy()  # as if nobody had looked
        self.cycle = None  # type: ignore[assignment]
        super().on_headers_complete()
        self.cycle.keep_alive = self.cycle.keep_alive and pending.keep_alive
        super().on_body(body)
        super().on_message_complete()

    def _write(self, pending: _Pending, answer: Answer) -> None:
        pending.response_complete = True
        if pending.disconnected or self.transport.is_closing():
            return
        said = [STATUS_LINE[answer.status]]
        for name, value in (*self.server_state.default_headers, *answer.headers):
            said += (name, b": ", value, b"\r\n")
        if not pending.keep_alive:
            said.append(b"connection: close\r\n")
        said += (b"\r\n", answer.body)
        self.transport.write(b"".join(said))
        if not pending.keep_alive:
            self.transport.close()
        self.on_response_complete()
