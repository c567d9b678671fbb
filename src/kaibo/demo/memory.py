"""What the demo remembers between two starts: its logins (so that it need not spend one-time codes) and its staff passwords.

What exists in the house is never remembered here but looked up there: this file may be lost, or be of another database.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson


class Memory:
    """A small JSON file readable by its owner only; written whole at every change, which are few."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, dict[str, Any]] = {}
        if path.exists():
            self._kept = orjson.loads(path.read_bytes())

    def get(self, kind: str, name: str) -> Any:
        """What was kept under this name; None if nothing."""
        return self._kept.get(kind, {}).get(name)

    def keep(self, kind: str, name: str, what: Any) -> None:
        if self.get(kind, name) == what:
            return
        self._kept.setdefault(kind, {})[name] = what
        write_private(self._path, orjson.dumps(self._kept, option=orjson.OPT_INDENT_2))


def write_private(path: Path, content: bytes) -> None:
    """Replace a file whole; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)
