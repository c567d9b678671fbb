"""Which gateway this process talks to, and where it calls us back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

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
)
from kaibo.trade.payment.wechatpay import MerchantConfigError, WechatPayGateway, read_merchant_file

log = get_logger(__name__)

GATEWAY_TIMEOUT_S = 5.0
NOTIFY_PATH = "/api/payments/wechatpay/notify"

_Stamp = tuple[int, int]


class ConfiguredGateway:
    """The gateway described by a merchant file, opened when it is first needed and again after the file has changed.

    The sandbox writes the file when it starts, which may be after us; and a key may be renewed while we run. Every call
    raises GatewayNotConfigured while there is no usable file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._open: WechatPayGateway | None = None
        self._replaced: list[WechatPayGateway] = []

    async def create(self, request: ChargeRequest) -> ChargeCreated:
        return await self._gateway().create(request)

    async def query(self, out_trade_no: str) -> ChargeState:
        return await self._gateway().query(out_trade_no)

    async def close(self, out_trade_no: str) -> None:
        await self._gateway().close(out_trade_no)

    async def refund(self, request: RefundRequest) -> RefundState:
        return await self._gateway().refund(request)

    async def query_refund(self, out_refund_no: str) -> RefundState:
        return await self._gateway().query_refund(out_refund_no)

    def parse_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        return self._gateway().parse_callback(headers, body, now=now)

    async def refresh_keys(self) -> bool:
        return await self._gateway().refresh_keys()

    async def aclose(self) -> None:
        for gateway in (*self._replaced, self._open):
            if gateway is not None:
                await gateway.aclose()
        self._replaced, self._open, self._stamp = [], None, None

    def _gateway(self) -> WechatPayGateway:
        try:
            found = self._path.stat()
        except OSError as missing:
            raise GatewayNotConfigured(why=f"{self._path.name}: {missing.strerror}") from missing
        stamp = (found.st_mtime_ns, found.st_size)
        if self._open is None or stamp != self._stamp:
            try:
                fresh = WechatPayGateway(
                    read_merchant_file(self._path), clock=provider_now, timeout_s=GATEWAY_TIMEOUT_S
                )
            except MerchantConfigError as wrong:
                log.error("gateway.not_configured", error=str(wrong))
                raise GatewayNotConfigured(why="merchant.json") from wrong
            if self._open is not None:  # calls under way keep the old one until the process ends
                self._replaced.append(self._open)
            self._open, self._stamp = fresh, stamp
        return self._open


def open_gateway(settings: Settings) -> ConfiguredGateway:
    """The gateway of `settings.gateway_config`, or the sandbox's file under the data directory. Opens nothing yet."""
    path = Path(settings.gateway_config) if settings.gateway_config else settings.data_dir / "gateway" / "merchant.json"
    return ConfiguredGateway(path)


_installed: Gateway | None = None


def install(gateway: Gateway | None) -> None:
    """Make `gateway` this process's gateway; entry points and tests call this."""
    global _installed
    _installed = gateway


def gateway() -> Gateway:
    """The installed gateway. RuntimeError where an entry point forgot to install one."""
    if _installed is None:
        raise RuntimeError("no gateway is installed: an entry point must call payment.wiring.install(...) first")
    return _installed


async def close() -> None:
    """Close the installed gateway's connections; afterwards none is installed."""
    global _installed
    closing, _installed = _installed, None
    if isinstance(closing, ConfiguredGateway):
        await closing.aclose()


def provider_now() -> datetime:
    """The time outside: a house that rehearses another day still has to sign with today's."""
    return clock.now() - timedelta(seconds=config.current().clock_offset_seconds)


def provider_time(at: datetime) -> datetime:
    """An instant of the house as the provider's clock will show it."""
    return at - timedelta(seconds=config.current().clock_offset_seconds)


def notify_url() -> str:
    """Where the provider calls back. Without a public address that is this machine, which suits the sandbox only."""
    settings = config.current()
    base = settings.public_url.rstrip("/") or f"http://127.0.0.1:{settings.port}"
    return base + NOTIFY_PATH
