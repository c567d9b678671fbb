"""Who carries messages to phones: the embedded provider (log and /local/sms), or an HTTP bridge of the operator's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import httpx

from kaibo.kernel import config
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

HTTP_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Message:
    """`template` is a key ("login_code") and `facts` its parameters, for providers that only send approved templates."""

    id: str
    phone: str
    template: str
    locale: str
    facts: dict[str, str]
    text: str


class SmsProvider(Protocol):
    keeps_ring: bool

    async def deliver(self, message: Message) -> None:
        """Hand the message over. Raises on failure; the job tries again."""


class EmbeddedSms:
    """For one machine and for trying out: the message goes to the log, and to a page only this machine can open."""

    keeps_ring = True

    async def deliver(self, message: Message) -> None:
        log.info("sms.embedded", phone=message.phone, text=message.text)


class HttpSms:
    """POSTs JSON {id, phone, template, locale, facts, text} with a bearer token; any 2xx means accepted."""

    keeps_ring = False

    def __init__(self, url: str, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._transport = transport

    async def deliver(self, message: Message) -> None:
        async with httpx.AsyncClient(timeout=HTTP_TIMEOUT_SECONDS, transport=self._transport) as client:
            answer = await client.post(
                self._url,
                headers=self._headers,
                json={
                    "id": message.id,
                    "phone": message.phone,
                    "template": message.template,
                    "locale": message.locale,
                    "facts": message.facts,
                    "text": message.text,
                },
            )
        answer.raise_for_status()


def provider() -> SmsProvider:
    """The provider of the configuration."""
    settings = config.current()
    if settings.sms_provider == "http":
        return HttpSms(settings.sms_http_url, settings.sms_http_token)
    return EmbeddedSms()
