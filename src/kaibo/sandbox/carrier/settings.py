"""What can be chosen at start."""

from dataclasses import dataclass
from pathlib import Path

from kaibo.sandbox.addresses import origin_of


@dataclass(frozen=True, slots=True)
class Settings:
    """`port` 0 takes a free one. `time_scale` is the length of a simulated second in real ones: 0.01 lets a journey of two
    days take half an hour. `retry_scale` shrinks the wait before a failed push is repeated (1.0 is the real half hour).
    `push_origins` (`http://host:port`) limit where pushes go; empty means loopback addresses only. `trouble_percent` of the
    parcels meet an obstacle on their way.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    time_scale: float = 1.0
    retry_scale: float = 1.0
    push_timeout_s: float = 5.0
    push_origins: tuple[str, ...] = ()
    trouble_percent: int = 0

    def __post_init__(self) -> None:
        for name in ("time_scale", "retry_scale"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, it must be above 0 and at most 1")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}, it must be between 0 and 65535")
        if not 0 <= self.trouble_percent <= 100:
            raise ValueError(f"trouble_percent is {self.trouble_percent}, it must be between 0 and 100")
        for url in self.push_origins:
            if origin_of(url) is None:
                raise ValueError(f"{url!r} is no origin such as http://192.168.1.5:8600")
