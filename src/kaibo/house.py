"""The whole house, wing by wing: the only list of every router, reaction, timer and job. Entry floor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter

from kaibo.goods import http as goods_http
from kaibo.goods import reactions as goods
from kaibo.kernel import clock, context
from kaibo.kernel.blobs import Blobs
from kaibo.kernel.bus import Bus
from kaibo.kernel.config import Settings
from kaibo.kernel.db import Database
from kaibo.kernel.engines.nats import NatsEngine
from kaibo.kernel.engines.postgres import PostgresEngine
from kaibo.kernel.jobs import Jobs
from kaibo.kernel.reactions import Reaction
from kaibo.kernel.timers import Action
from kaibo.people import http as people_http
from kaibo.people import reactions as people
from kaibo.stage import http as stage_http
from kaibo.stage import reactions as stage
from kaibo.trade import http as trade_http
from kaibo.trade import reactions as trade
from kaibo.trade.payment import wiring

ROUTERS: tuple[APIRouter, ...] = (*people_http.routers, *goods_http.routers, *trade_http.routers, *stage_http.routers)
MACHINE_PATHS = frozenset({"/api/payments/wechatpay/notify", "/api/media/hooks"})
JOBS: list[Jobs] = [people.jobs, goods.jobs, trade.jobs, stage.jobs]


def reactions() -> dict[str, Reaction]:
    """Every reaction by its consumer's name."""
    found = [r for wing in (people, goods, trade, stage) for r in wing.reactions.all]
    by_name = {r.consumer: r for r in found}
    if len(by_name) != len(found):
        raise RuntimeError("two reactions share a consumer name")
    return by_name


def timers() -> dict[str, Action]:
    """Every timer's action by its kind."""
    return {kind: action for wing in (people, goods, trade, stage) for kind, action in wing.timers.all.items()}


@dataclass(frozen=True)
class Engines:
    """Where PostgreSQL and NATS are: the configured servers, or the embedded ones under data_dir."""

    database_url: str
    nats_url: str
    nats_credentials: str


def engines(settings: Settings, *, postgres_port: int = 0, nats_port: int = 0) -> Engines:
    """Addresses from the settings; for embedded engines the supervisor passes the ports it chose in the environment."""
    postgres = PostgresEngine(settings.data_dir / "postgres", postgres_port or _port(settings, "postgres"))
    nats = NatsEngine(settings.data_dir / "nats", nats_port or _port(settings, "nats"), "", 0)
    return Engines(
        database_url=settings.database_url or postgres.url(),
        nats_url=settings.nats_url or nats.url,
        nats_credentials=settings.nats_credentials or str(nats.credentials),
    )


def _port(settings: Settings, engine: str) -> int:
    """The port the running supervisor wrote down for an embedded engine; 0 before it has."""
    path: Path = settings.data_dir / "run" / f"{engine}.port"
    return int(path.read_text(encoding="ascii")) if path.exists() else 0


@asynccontextmanager
async def opened(settings: Settings, name: str) -> AsyncIterator[context.Context]:
    """Connect this process to the engines and the gateway; everything is closed when the block ends."""
    if settings.clock_offset_seconds:
        clock.install(clock.SystemClock(settings.clock_offset_seconds))
    found = engines(settings)
    database = Database.connect(found.database_url, pool_size=settings.database_pool_size)
    bus = await Bus.connect(found.nats_url, credentials=found.nats_credentials, name=f"kaibo-{name}")
    await bus.prepare()
    here = context.Context(settings, database, bus, Blobs(settings.data_dir / "blobs"))
    context.install(here)
    gateway = wiring.open_gateway(settings)
    wiring.install(gateway)
    try:
        yield here
    finally:
        context.install(None)
        await wiring.close()
        await bus.close()
        await database.close()
