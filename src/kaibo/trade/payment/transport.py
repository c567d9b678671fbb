"""Reading a provider's answer without letting it fill the memory."""

from __future__ import annotations

import httpx


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
