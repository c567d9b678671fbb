"""Talking to a provider: what is sent is never sent twice unasked, and no answer fills the memory."""

from __future__ import annotations

import httpx

CONNECT_TIMEOUT_S = 3.0
CONNECT_RETRIES_MAX = 2
"""Only the connection is retried: then nothing has been sent yet. Anything later is decided after a query."""
CONNECTIONS_MAX = 50


def timeouts(timeout_s: float) -> httpx.Timeout:
    return httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s))


def http_client(timeout_s: float, *, base_url: str = "", accept: str = "*/*") -> httpx.AsyncClient:
    # An explicit transport also keeps proxy settings of the environment away from signed traffic.
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
    return httpx.AsyncClient(
        base_url=base_url,
        transport=httpx.AsyncHTTPTransport(retries=CONNECT_RETRIES_MAX, limits=limits),
        timeout=timeouts(timeout_s),
        headers={"Accept": accept, "User-Agent": "kaibo"},
    )


async def read_bounded(http: httpx.AsyncClient, request: httpx.Request, bytes_max: int) -> httpx.Response:
    """The whole answer. Raises OverflowError beyond `bytes_max`, and httpx's own errors."""
    answer = await http.send(request, stream=True)
    try:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > bytes_max:
                raise OverflowError(f"the answer is longer than {bytes_max} bytes")
    finally:
        await answer.aclose()
    headers = [(name, value) for name, value in answer.headers.multi_items() if name != "content-encoding"]
    return httpx.Response(answer.status_code, headers=headers, content=bytes(body), request=request)
