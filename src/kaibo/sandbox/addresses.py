"""The check of URLs that others ask us to call or to send browsers to."""

from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
URL_CHARS_MAX = 2048


def origin_of(url: str) -> str | None:
    """`scheme://host:port` of an http(s) URL, or None for anything that a browser and we might read differently."""
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
    """Whether `url` may be called or visited: at one of `origins`; where there are none, at this machine itself."""
    origin = origin_of(url)
    if origin is None:
        return False
    if origins:
        return origin in {origin_of(allowed) for allowed in origins}
    return urlsplit(url).hostname in LOOPBACK
