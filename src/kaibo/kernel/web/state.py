"""What a web process holds: one State on `app.state.kaibo`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import HTTPConnection

from kaibo.kernel.blobs import Blobs
from kaibo.kernel.bus import Bus
from kaibo.kernel.config import Settings
from kaibo.kernel.db import Database, Db
from kaibo.kernel.web.caller import Caller
from kaibo.kernel.web.limits import Limiter

ResolveCaller = Callable[[Db, HTTPConnection], Awaitable[Caller]]


@dataclass
class State:
    """`rooms` and other wings' long-lived objects are put into `parts` by their wing's start-up, keyed by type."""

    settings: Settings
    database: Database
    bus: Bus
    blobs: Blobs
    limiter: Limiter
    resolve_caller: ResolveCaller
    parts: dict[type[Any], Any] = field(default_factory=dict)
