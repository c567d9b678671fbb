"""`carrier.json`: the contract with Kuaidi100, as the sandbox writes it and as a person fills it in for the real one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

REAL_URL = "https://poll.kuaidi100.com"
SALT_CHARS_MIN = 16
FIELDS = ("key", "customer", "salt")


class CarrierConfigError(ValueError):
    """The file cannot be used; the message names it, the member and what is wrong."""


@dataclass(frozen=True, slots=True)
class CarrierConfig:
    """`key` (授权key) and `customer` are Kuaidi100's; `salt` is of our own making and signs what it pushes to us."""

    key: str = field(repr=False)
    customer: str
    salt: str = field(repr=False)
    base_url: str


def read_carrier_file(path: Path) -> CarrierConfig:
    """Raises CarrierConfigError."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CarrierConfigError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise CarrierConfigError(f"{path} must hold one JSON object")
    provider = document.get("provider", "kuaidi100")
    if provider != "kuaidi100":
        raise CarrierConfigError(f"{path}: provider is {provider!r}, it must be 'kuaidi100'")
    values: dict[str, str] = {}
    for name in (*FIELDS, "base_url"):
        value = document.get(name, REAL_URL if name == "base_url" else None)
        if not isinstance(value, str) or not value:
            raise CarrierConfigError(f"{path}: {name} is missing or not a text")
        values[name] = value
    if len(values["salt"]) < SALT_CHARS_MIN:
        raise CarrierConfigError(
            f"{path}: salt has {len(values['salt'])} characters, it must have {SALT_CHARS_MIN} or more"
        )
    base = urlsplit(values["base_url"])
    if base.scheme not in ("http", "https") or not base.hostname:
        raise CarrierConfigError(f"{path}: base_url is {values['base_url']!r}, it must start with http:// or https://")
    return CarrierConfig(values["key"], values["customer"], values["salt"], values["base_url"].rstrip("/"))
