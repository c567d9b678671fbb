"""The HTTP under Stripe's package: no proxy settings of the environment, answers of bounded length."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import stripe

from kaibo.trade.payment.transport import read_bounded, timeouts

ANSWER_BYTES_MAX = 4 << 20


_silence: Any = stripe.APIConnectionError


class Transport(stripe.HTTPClient):
    """Asynchronous only. The package's own httpx client hands bodies over in a way that httpx has deprecated."""

    name = "httpx"

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        verify = ssl.create_default_context(cafile=stripe.ca_bundle_path)
        self._http = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(verify=verify), timeout=timeouts(timeout_s))

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        request = self._http.build_request(method, url, headers=dict(headers), content=post_data or None)
        try:
            answer = await read_bounded(self._http, request, ANSWER_BYTES_MAX)
        except (httpx.HTTPError, OverflowError) as error:
            raise _silence(f"{type(error).__name__}: {error}") from error
        return answer.content, answer.status_code, answer.headers

    async def aclose(self) -> None:
        await self._http.aclose()
