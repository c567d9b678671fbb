"""What every program does with the generated operations. An operation is a module under kaibo_client.generated.api."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx

from kaibo_client.generated import AuthenticatedClient

TRIES_MAX = 4
WAIT_SECONDS_MAX = 60.0
AGAIN = frozenset({429, 500, 502, 503, 504})


class KaiboProblem(Exception):
    """The server refused (RFC 9457). Decide by `code`; `facts` are the document's other members."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        self.status = status
        self.code = str(document.get("code", ""))
        self.detail = str(document.get("detail", ""))
        self.request_id = str(document.get("request_id", ""))
        self.facts = {k: v for k, v in document.items() if k not in {"type", "title", "status", "code", "detail"}}
        super().__init__(f"{status} {self.code}: {self.detail} (request {self.request_id})")


def connect(base_url: str, token: str, *, language: str = "en", timeout_seconds: float = 30.0) -> AuthenticatedClient:
    """A client that acts with `token` (kaibo_pat_…). Use it as a context manager, or close it, where that matters."""
    return AuthenticatedClient(
        base_url=base_url.rstrip("/"),
        token=token,
        headers={"Accept-Language": language},
        timeout=httpx.Timeout(timeout_seconds),
    )


def call(operation: Any, *args: Any, client: AuthenticatedClient, **kwargs: Any) -> Any:
    """One call; its parsed answer. Raises KaiboProblem, or httpx.TransportError where no answer came."""
    answer = operation.sync_detailed(*args, client=client, **kwargs)
    if answer.status_code >= 400:
        raise KaiboProblem(int(answer.status_code), _document(answer.content))
    return answer.parsed


def create(operation: Any, *args: Any, client: AuthenticatedClient, key: str | None = None, **kwargs: Any) -> Any:
    """A call that creates, with an Idempotency-Key: repeated under the same key while the answer is lost or the server busy.

    Give `key` yourself where the same intention may come again after a crash of yours ("ship-2611230001").
    """
    key = key or uuid.uuid4().hex
    for attempt in range(1, TRIES_MAX + 1):
        wait = 2.0 ** (attempt - 1) / 2
        try:
            answer = operation.sync_detailed(*args, client=client, idempotency_key=key, **kwargs)
        except httpx.TransportError:
            if attempt == TRIES_MAX:
                raise
        else:
            if answer.status_code < 400:
                return answer.parsed
            if answer.status_code not in AGAIN or attempt == TRIES_MAX:
                raise KaiboProblem(int(answer.status_code), _document(answer.content))
            wait = max(wait, float(answer.headers.get("retry-after", 0)))
        time.sleep(min(wait, WAIT_SECONDS_MAX))
    raise AssertionError("the last attempt returns or raises")


def every(operation: Any, *args: Any, client: AuthenticatedClient, **kwargs: Any) -> Iterator[Any]:
    """Every item of a list, page by page as they are wanted."""
    cursor: str | None = None
    while True:
        here = {} if cursor is None else {"cursor": cursor}
        page = call(operation, *args, client=client, **kwargs, **here)
        yield from page.items
        cursor = page.next_cursor if isinstance(page.next_cursor, str) else None
        if cursor is None:
            return


def _document(content: bytes) -> dict[str, Any]:
    try:
        found = httpx.Response(200, content=content).json()
    except ValueError:
        return {"detail": content[:200].decode("utf-8", "replace")}
    return found if isinstance(found, dict) else {}
