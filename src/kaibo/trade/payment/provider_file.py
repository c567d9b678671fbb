"""A provider's file: one JSON or TOML document with what a contract with it consists of."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit


class ProviderFileError(ValueError):
    """The file cannot be used; the message names the file, the key and what is wrong with it."""


def read_fields(path: Path, fields: Sequence[str]) -> dict[str, str]:
    """The named members, every one a text that is not empty. Raises ProviderFileError."""
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except FileNotFoundError:
        raise ProviderFileError(f"{path} does not exist: start the sandbox gateway once, or write it by hand") from None
    except (OSError, ValueError) as error:
        raise ProviderFileError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ProviderFileError(f"{path} must hold one JSON object (or TOML table)")
    values: dict[str, str] = {}
    for name in fields:
        value = document.get(name)
        if not isinstance(value, str) or not value:
            raise ProviderFileError(f"{path}: {name} is missing or not a text")
        values[name] = value
    return values


def http_base(path: Path, name: str, url: str) -> str:
    """`url` without a slash at its end. Raises ProviderFileError where it is no http(s) address."""
    base = urlsplit(url)
    if base.scheme not in ("http", "https") or not base.hostname:
        raise ProviderFileError(f"{path}: {name} is {url!r}, it must start with http:// or https://")
    return url.rstrip("/")
