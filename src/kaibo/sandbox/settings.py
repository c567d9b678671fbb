"""What can be chosen at start."""

from dataclasses import dataclass
from pathlib import Path

from kaibo.sandbox.addresses import origin_of


@dataclass(frozen=True, slots=True)
class Settings:
    """`port` 0 takes a free one. `public_url` is how a buyer's browser reaches us; empty means the listening address.

    `notify_scale` shrinks every wait between two deliveries of a callback (1.0 is the real 15 s, 15 s, 30 s, 3 min, …).
    `notify_origins` and `return_origins` (`http://host:port`) limit where callbacks are posted and where the cashier
    sends browsers; empty means loopback addresses only. `webhook_urls` are the endpoints of the Stripe account.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    merchant_name: str = "开播商城"
    notify_scale: float = 1.0
    notify_timeout_s: float = 5.0
    notify_origins: tuple[str, ...] = ()
    return_origins: tuple[str, ...] = ()
    refund_delay_ms: int = 500
    webhook_urls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.notify_scale <= 1:
            raise ValueError(f"notify_scale is {self.notify_scale}, it must be above 0 and at most 1")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}, it must be between 0 and 65535")
        for url in (*self.notify_origins, *self.return_origins, *filter(None, [self.public_url])):
            if origin_of(url) is None:
                raise ValueError(f"{url!r} is no origin such as http://192.168.1.5:8000")
