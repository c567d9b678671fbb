"""One HTTP call to an endpoint, to public addresses only."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

import httpcore

from kaibo import __version__
from kaibo.kernel import clock
from kaibo.open.webhooks import rules

USER_AGENT = f"Kaibo-Webhooks/{__version__}"
ERROR_CHARS_MAX = 300


@dataclass(frozen=True)
class Outcome:
    """`status` is None where no answer came; `error` says why, for a person to read."""

    status: int | None
    error: str | None
    response_head: str
    duration_ms: int
    retry_after_seconds: int = 0

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class AddressRefused(Exception):
    """The name leads into a private network."""


class _PublicOnly(httpcore.AsyncNetworkBackend):
    """Looks the name up once and connects to what it has checked: a name that changes in between (DNS rebinding) gains nothing."""

    def __init__(self, private_allowed: bool) -> None:
        self._private_allowed = private_allowed
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0]).split("%")[0]) for entry in found]
        if not self._private_allowed:
            private = [str(address) for address in addresses if not rules.public_address(address)]
            if private:
                raise AddressRefused(f"{host} is {private[0]}, which is not an address of the open internet")
        return await self._inner.connect_tcp(str(addresses[0]), port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefused(path)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Caller:
    """Keeps connections open between calls; redirects are not followed, proxies of the environment are not used."""

    def __init__(self, *, private_allowed: bool) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=10,
            network_backend=_PublicOnly(private_allowed),
        )

    async def call(self, url: str, headers: dict[str, str], body: str) -> Outcome:
        """POST `body`. Never raises for what the other side does."""
        began = clock.monotonic()
        status, head, retry_after, error = None, b"", 0, None
        try:
            async with asyncio.timeout(rules.TIMEOUT_SECONDS):
                sent = {
                    "User-Agent": USER_AGENT,
                    "Content-Type": "application/json",
                    "Accept-Encoding": "identity",
                } | headers
                async with self._pool.stream("POST", url, headers=list(sent.items()), content=body.encode()) as answer:
                    status = answer.status
                    retry_after = _retry_after(answer.headers)
                    async for chunk in answer.aiter_stream():
                        head += chunk
                        if len(head) >= rules.RESPONSE_HEAD_BYTES:
                            break
        except TimeoutError:
            error = f"no whole answer within {rules.TIMEOUT_SECONDS:.0f} s"
            status = None
        except (
            OSError,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            AddressRefused,
        ) as wrong:
            error = (str(wrong) or type(wrong).__name__)[:ERROR_CHARS_MAX]
        except (ValueError, UnicodeError, httpcore.UnsupportedProtocol) as wrong:
            error = f"the address cannot be called: {wrong}"[:ERROR_CHARS_MAX]
        text = head[: rules.RESPONSE_HEAD_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
        return Outcome(status, error, text, round((clock.monotonic() - began) * 1000), retry_after)

    async def close(self) -> None:
        await self._pool.aclose()


def _retry_after(headers: list[tuple[bytes, bytes]]) -> int:
    """Seconds out of a Retry-After header (RFC 9110, 10.2.3); the form with a date is rare and reads as none."""
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit():
            return int(value[:9])
    return 0
