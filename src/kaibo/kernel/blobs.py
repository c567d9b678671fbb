"""Blobs: pictures and recordings in a directory, served under /blobs/. Names are relative, checked, and never reused."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

NAME_CHARS_MAX = 200
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9._-]*)+")


class Blobs:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Where `name` lies. Raises ValueError for a name that could leave the directory."""
        if len(name) > NAME_CHARS_MAX or not _NAME.fullmatch(name) or ".." in name:
            raise ValueError(f"not a blob name: {name!r}")
        return self.root / name

    async def put(self, name: str, content: bytes) -> str:
        """Store `content`, whole or not at all; returns its URL path."""
        target = self.path(name)
        await asyncio.to_thread(_write, target, content)
        return self.url(name)

    @staticmethod
    def url(name: str) -> str:
        return f"/blobs/{name}"


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part{os.getpid()}")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
