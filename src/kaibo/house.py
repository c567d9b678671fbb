"""The whole house, wing by wing: the only list of every router, reaction, timer and job. Entry floor."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter

from kaibo.goods import http as goods_http
from kaibo.goods import reactions as goods
from kaibo.kernel import clock, config, context
from kaibo.kernel.blobs import Blobs
from kaibo.kernel.bus import Bus
from kaibo.kernel.config import Settings
from kaibo.kernel.db import Database
from kaibo.kernel.engines.nats import NatsEngine
from kaibo.kernel.engines.postgres import PostgresEngine
from kaibo.kernel.jobs import Jobs
from kaibo.kernel.outbox import wake_relay_after_commits
from kaibo.kernel.reactions import Reaction
from kaibo.kernel.timers import Action, Sweep
from kaibo.open import http as open_http
from kaibo.open import reactions as open_wing
from kaibo.people import http as people_http
from kaibo.people import reactions as people
from kaibo.stage import http as stage_http
from kaibo.stage import reactions as stage
from kaibo.trade import http as trade_http
from kaibo.trade import reactions as trade
from kaibo.trade.payment import wiring
from kaibo.trade.payment.statement import provider_statement
from kaibo.trade.reconciliation import fetch
from kaibo.trade.shipping import wiring as carrier_wiring

ROUTERS: tuple[APIRouter, ...] = (
    *people_http.routers,
    *goods_http.routers,
    *trade_http.routers,
    *stage_http.routers,
    *open_http.routers,
)
OUTGOING: APIRouter = open_http.outgoing
MACHINE_PATHS = frozenset({*wiring.NOTIFY_PATHS.values(), carrier_wiring.PUSH_PATH, "/api/media/hooks"})
JOBS: list[Jobs] = [people.jobs, goods.jobs, trade.jobs, stage.jobs, open_wing.jobs]

WINGS = (people, goods, trade, stage, open_wing)


def reactions() -> dict[str, Reaction]:
    """Every reaction by its consumer's name."""
    found = [r for wing in WINGS for r in wing.reactions.all]
    by_name = {r.consumer: r for r in found}
    if len(by_name) != len(found):
        raise RuntimeError("two reactions share a consumer name")
    return by_name


def timers() -> dict[str, Action]:
    """Every timer's action by its kind."""
    return {kind: action for wing in WINGS for kind, action in wing.timers.all.items()}


def sweeps() -> list[Sweep]:
    """What is swept by its own index instead of by timer rows."""
    return [sweep for wing in WINGS for sweep in wing.timers.sweeps]


class NoEngines(Exception):
    """Neither configured servers nor a running `kaibo up` on this data directory."""


def attached(settings: Settings) -> Settings:
    """The settings with every address filled in: the configured servers, or the embedded ones of a running `kaibo up`.

    Raises NoEngines, saying what to do, where there is neither.
    """
    found: dict[str, str] = {"database_url": database_url(settings)}
    if not settings.nats_url:
        nats = NatsEngine(settings.data_dir / "nats", _port(settings, "nats"), "", 0)
        found |= {
            "nats_url": nats.url,
            "nats_credentials": str(nats.credentials),
            "nats_account_seed": nats.trust().account_seed,
        }
    if not settings.hook_secret:
        found["hook_secret"] = hook_secret(settings.data_dir)
    return settings.model_copy(update=found)


def database_url(settings: Settings) -> str:
    """The configured server's address, or the embedded one's of a running `kaibo up`. Raises NoEngines where there is neither."""
    return settings.database_url or PostgresEngine(settings.data_dir / "postgres", _port(settings, "postgres")).url()


def port_file(data_dir: Path, engine: str) -> Path:
    """Where the supervisor notes the port of an embedded engine."""
    return data_dir / "run" / f"{engine}.port"


def _port(settings: Settings, engine: str) -> int:
    path = port_file(settings.data_dir, engine)
    if not path.exists():
        raise NoEngines(
            f"no embedded {engine} was ever started in {settings.data_dir.resolve()}: run `kaibo up` first, "
            f"or name your own server with KAIBO_{'DATABASE' if engine == 'postgres' else 'NATS'}_URL"
        )
    return int(path.read_text(encoding="ascii"))


def hook_secret(data_dir: Path) -> str:
    """The media hooks' secret of this installation, made on first use."""
    path = data_dir / "keys" / "hook-secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text(encoding="ascii").strip()


@asynccontextmanager
async def opened(settings: Settings, name: str) -> AsyncIterator[context.Context]:
    """Connect this process to the engines and the gateway; everything is closed when the block ends."""
    if settings.clock_offset_seconds:
        clock.install(clock.SystemClock(settings.clock_offset_seconds))
    settings = attached(settings)
    config.install(settings)
    database = Database.connect(settings.database_url, pool_size=settings.database_pool_size)
    bus = await Bus.connect(settings.nats_url, credentials=settings.nats_credentials, name=f"kaibo-{name}")
    await bus.prepare()
    wake_relay_after_commits(database, bus)
    here = context.Context(settings, database, bus, Blobs(settings.data_dir / "blobs"))
    context.install(here)
    wiring.install(wiring.open_gateways(settings))
    fetch.install(provider_statement)
    carrier_wiring.install(carrier_wiring.open_carrier(settings))
    try:
        yield here
    finally:
        context.install(None)
        fetch.install(None)
        await wiring.close()
        await carrier_wiring.close()
        await bus.close()
        await database.close()
