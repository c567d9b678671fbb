"""What this process is connected to. Entry points install it once; timers, jobs and loops ask here."""

from __future__ import annotations

from dataclasses import dataclass

from kaibo.kernel.blobs import Blobs
from kaibo.kernel.bus import Bus
from kaibo.kernel.config import Settings
from kaibo.kernel.db import Database


@dataclass
class Context:
    settings: Settings
    database: Database
    bus: Bus
    blobs: Blobs


_context: Context | None = None


def install(context: Context | None) -> None:
    global _context
    _context = context


def get() -> Context:
    """The installed context. RuntimeError where an entry point forgot it."""
    if _context is None:
        raise RuntimeError("no context is installed: an entry point must call context.install(...) first")
    return _context


def settings() -> Settings:
    return get().settings


def database() -> Database:
    return get().database


def bus() -> Bus:
    return get().bus


def blobs() -> Blobs:
    return get().blobs
