"""Which gateways this process talks to, and where they call us back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from kaibo.kernel import clock, config
from kaibo.kernel.config import Settings
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.contracts import GatewayNotConfigured
from kaibo.trade.payment.gateway import (
    ChargeCreated,
    ChargeRequest,
    ChargeState,
    Gateway,
    Notice,
    RefundRequest,
    RefundState,
    StatementRow,
)
from kaibo.trade.payment.methods import PROVIDERS, Provider
from kaibo.trade.payment.provider_file import ProviderFileError

log = get_logger(__name__)

GATEWAY_TIMEOUT_S = 5.0
NOTIFY_PATHS: Mapping[Provider, str] = {
    "wechatpay": "/api/payments/wechatpay/notify",
    "alipay": "/api/payments/alipay/notify",
    "stripe": "/api/payments/stripe/notify",
}
SANDBOX_FILES: Mapping[Provider, str] = {
    "wechatpay": "merchant.json",
    "alipay": "alipay/alipay.json",
    "stripe": "stripe/stripe.json",
}
"""What the sandboxes of `kaibo up` write, inside data_dir/gateway."""

_Stamp = tuple[int, int]


class _Closable(Gateway, Protocol):
    async def aclose(self) -> None: ...


def _open_file(provider: Provider, path: Path) -> _Closable:
    """Adapters are imported when they are first needed: Stripe's package alone is 1,600 modules. Raises ProviderFileError."""
    if provider == "alipay":
        from kaibo.trade.payment.alipay import AlipayGateway, read_alipay_file

        return AlipayGateway(read_alipay_file(path), clock=provider_now, timeout_s=GATEWAY_TIMEOUT_S)
    if provider == "stripe":
        from kaibo.trade.payment.stripe import StripeGateway, read_stripe_file

        return StripeGateway(read_stripe_file(path), clock=provider_now, timeout_s=GATEWAY_TIMEOUT_S)
    from kaibo.trade.payment.wechatpay import WechatPayGateway, read_merchant_file

    return WechatPayGateway(read_merchant_file(path), clock=provider_now, timeout_s=GATEWAY_TIMEOUT_S)


def check_file(provider: Provider, path: Path) -> str:
    """The file's name, once it has been read and its keys loaded. Raises ProviderFileError saying what is wrong."""
    if provider == "alipay":
        from kaibo.trade.payment.alipay import read_alipay_file

        read_alipay_file(path)
    elif provider == "stripe":
        from kaibo.trade.payment.stripe.config import read_stripe_file

        read_stripe_file(path)
    else:
        from kaibo.trade.payment.wechatpay import read_merchant_file

        read_merchant_file(path)
    return str(path)


class ConfiguredGateway:
    """The gateway described by a provider's file, opened when it is first needed and again after the file has changed.

    The sandbox writes the file when it starts, which may be after us; and a key may be renewed while we run. Every call
    raises GatewayNotConfigured while there is no usable file.
    """

    def __init__(self, provider: Provider, path: Path) -> None:
        self.provider = provider
        self.path = path
        self._stamp: _Stamp | None = None
        self._open: _Closable | None = None
        self._replaced: list[_Closable] = []

    def is_there(self) -> bool:
        return self.path.is_file()

    async def create(self, request: ChargeRequest) -> ChargeCreated:
        return await self._gateway().create(request)

    async def query(self, out_trade_no: str, *, provider_ref: str = "") -> ChargeState:
        return await self._gateway().query(out_trade_no, provider_ref=provider_ref)

    async def close(self, out_trade_no: str, *, provider_ref: str = "") -> None:
        await self._gateway().close(out_trade_no, provider_ref=provider_ref)

    async def refund(self, request: RefundRequest) -> RefundState:
        return await self._gateway().refund(request)

    async def query_refund(self, out_refund_no: str, *, out_trade_no: str = "", provider_ref: str = "") -> RefundState:
        return await self._gateway().query_refund(out_refund_no, out_trade_no=out_trade_no, provider_ref=provider_ref)

    async def statement(self, day: date) -> list[StatementRow]:
        return await self._gateway().statement(day)

    def parse_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        return self._gateway().parse_callback(headers, body, now=now)

    async def refresh_keys(self) -> bool:
        return await self._gateway().refresh_keys()

    async def aclose(self) -> None:
        for gateway in (*self._replaced, self._open):
            if gateway is not None:
                await gateway.aclose()
        self._replaced, self._open, self._stamp = [], None, None

    def _gateway(self) -> _Closable:
        try:
            found = self.path.stat()
        except OSError as missing:
            raise GatewayNotConfigured(why=f"{self.path.name}: {missing.strerror}") from missing
        stamp = (found.st_mtime_ns, found.st_size)
        if self._open is None or stamp != self._stamp:
            try:
                fresh = _open_file(self.provider, self.path)
            except ProviderFileError as wrong:
                log.error("gateway.not_configured", provider=self.provider, error=str(wrong))
                raise GatewayNotConfigured(why=self.path.name) from wrong
            if self._open is not None:  # calls under way keep the old one until the process ends
                self._replaced.append(self._open)
            self._open, self._stamp = fresh, stamp
        return self._open


def own_files(settings: Settings) -> dict[Provider, Path]:
    """The providers with which the operator has a contract, and its file."""
    named: dict[Provider, str] = {
        "wechatpay": settings.wechatpay_config,
        "alipay": settings.alipay_config,
        "stripe": settings.stripe_config,
    }
    return {provider: Path(path) for provider, path in named.items() if path}


def sandboxes(settings: Settings) -> tuple[Provider, ...]:
    """The providers that `kaibo up` plays itself: those named, or ("auto") all of them where no contract exists at all.

    With one real provider the others are not played: a buyer must not be able to pay with play money.
    """
    own = own_files(settings)
    if settings.gateway_sandboxes == "auto":
        return () if own else PROVIDERS
    wanted = {name.strip() for name in settings.gateway_sandboxes.split(",")}
    return tuple(provider for provider in PROVIDERS if provider in wanted and provider not in own)


def provider_files(settings: Settings) -> dict[Provider, Path]:
    """Every provider that is configured here or played by a sandbox, and its file (which a sandbox may not have written yet)."""
    played = {provider: settings.data_dir / "gateway" / SANDBOX_FILES[provider] for provider in sandboxes(settings)}
    files = own_files(settings) | played
    return {provider: files[provider] for provider in PROVIDERS if provider in files}


def open_gateways(settings: Settings) -> dict[Provider, Gateway]:
    """A gateway for each of `provider_files`. Opens nothing yet."""
    return {provider: ConfiguredGateway(provider, path) for provider, path in provider_files(settings).items()}


_installed: dict[Provider, Gateway] | None = None


def install(gateways: Mapping[Provider, Gateway]) -> None:
    """Make `gateways` this process's; entry points and tests call this."""
    global _installed
    _installed = dict(gateways)


def installed() -> dict[Provider, Gateway]:
    """What this process has, by provider."""
    return dict(_installed or {})


def gateway(provider: Provider) -> Gateway:
    """The provider's gateway. Raises GatewayNotConfigured; RuntimeError where an entry point forgot to install any."""
    if _installed is None:
        raise RuntimeError("no gateway is installed: an entry point must call payment.wiring.install(...) first")
    found = _installed.get(provider)
    if found is None:
        raise GatewayNotConfigured(why=provider)
    return found


def available() -> tuple[Provider, ...]:
    """The providers that can be asked now."""
    return tuple(p for p, g in installed().items() if not isinstance(g, ConfiguredGateway) or g.is_there())


async def close() -> None:
    """Close the installed gateways' connections; afterwards none is installed."""
    global _installed
    closing, _installed = _installed or {}, None
    for gateway in closing.values():
        if isinstance(gateway, ConfiguredGateway):
            await gateway.aclose()


def provider_now() -> datetime:
    """The time outside: a house that rehearses another day still has to sign with today's."""
    return clock.now() - timedelta(seconds=config.current().clock_offset_seconds)


def provider_time(at: datetime) -> datetime:
    """An instant of the house as the provider's clock will show it."""
    return at - timedelta(seconds=config.current().clock_offset_seconds)


def notify_url(provider: Provider) -> str:
    """Where the provider calls back. Without a public address that is this machine, which suits the sandbox only."""
    settings = config.current()
    base = settings.public_url.rstrip("/") or f"http://127.0.0.1:{settings.port}"
    return base + NOTIFY_PATHS[provider]
