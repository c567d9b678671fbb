"""What can be chosen at start, and where pushes may go."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
URL_CHARS_MAX = 2048


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


def origin_of(url: str) -> str | None:
    """`scheme://host:port` of an http(s) URL, or None for anything that others might read differently."""
    if len(url) > URL_CHARS_MAX or "\\" in url or any(ord(char) <= 32 or ord(char) == 127 for char in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def is_allowed(url: str, origins: tuple[str, ...]) -> bool:
    """Whether a push may go to `url` under the rule in `Settings`."""
    origin = origin_of(url)
    if origin is None:
        return False
    if origins:
        return origin in {origin_of(allowed) for allowed in origins}
    return urlsplit(url).hostname in LOOPBACK
