"""Which carrier service this process talks to, and where it pushes to us."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from kaibo.kernel import config
from kaibo.kernel.config import Settings
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.shipping.carrier import CarrierService, ToFollow, Trace
from kaibo.trade.shipping.errors import CarrierNotConfigured
from kaibo.trade.shipping.kuaidi100 import CarrierConfigError, Kuaidi100, read_carrier_file

log = get_logger(__name__)

CARRIER_TIMEOUT_S = 5.0
PUSH_PATH = "/api/carriers/kuaidi100/push"


class ConfiguredCarrier:
    """The service described by a carrier file, opened when it is first needed and again after the file has changed.

    The sandbox writes the file when it starts, which may be after us. Every call raises CarrierNotConfigured while there is no
    usable file; parcels are shipped all the same and stay without a trace.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._open: Kuaidi100 | None = None
        self._replaced: list[Kuaidi100] = []

    async def subscribe(self, wanted: ToFollow) -> bool:
        return await self._service().subscribe(wanted)

    async def query(self, carrier: str, tracking_number: str, phone: str) -> Trace | None:
        return await self._service().query(carrier, tracking_number, phone)

    def read_push(self, form: Mapping[str, str]) -> Trace:
        return self._service().read_push(form)

    async def aclose(self) -> None:
        for service in (*self._replaced, self._open):
            if service is not None:
                await service.aclose()
        self._replaced, self._open, self._stamp = [], None, None

    def _service(self) -> Kuaidi100:
        try:
            found = self._path.stat()
        except OSError as missing:
            raise CarrierNotConfigured(why=f"{self._path.name}: {missing.strerror}") from missing
        stamp = (found.st_mtime_ns, found.st_size)
        if self._open is None or stamp != self._stamp:
            try:
                fresh = Kuaidi100(read_carrier_file(self._path), timeout_s=CARRIER_TIMEOUT_S)
            except CarrierConfigError as wrong:
                log.error("carrier.not_configured", error=str(wrong))
                raise CarrierNotConfigured(why=self._path.name) from wrong
            if self._open is not None:  # calls under way keep the old one until the process ends
                self._replaced.append(self._open)
            self._open, self._stamp = fresh, stamp
        return self._open


def open_carrier(settings: Settings) -> ConfiguredCarrier:
    """The service of `settings.carrier_config`, or the sandbox's file under the data directory. Opens nothing yet."""
    path = Path(settings.carrier_config) if settings.carrier_config else settings.data_dir / "carrier" / "carrier.json"
    return ConfiguredCarrier(path)


_installed: CarrierService | None = None


def install(service: CarrierService | None) -> None:
    """Make `service` this process's carrier service; entry points and tests call this."""
    global _installed
    _installed = service


def carrier() -> CarrierService:
    """The installed service. RuntimeError where an entry point forgot to install one."""
    if _installed is None:
        raise RuntimeError("no carrier is installed: an entry point must call shipping.wiring.install(...) first")
    return _installed


async def close() -> None:
    """Close the installed service's connections; afterwards none is installed."""
    global _installed
    closing, _installed = _installed, None
    if closing is not None:
        await closing.aclose()


def house_time(at: datetime) -> datetime:
    """An instant of the carrier's clock as the house's clock shows it: a house may rehearse another day."""
    return at + timedelta(seconds=config.current().clock_offset_seconds)


def push_url() -> str:
    """Where news is pushed to. Without a public address that is this machine, which suits the sandbox only."""
    settings = config.current()
    base = settings.public_url.rstrip("/") or f"http://127.0.0.1:{settings.port}"
    return base + PUSH_PATH
