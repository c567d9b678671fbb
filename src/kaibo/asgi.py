"""The web process: `kaibo web`, or any ASGI server on `kaibo.asgi:create` (factory)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from kaibo import house
from kaibo.kernel import config, memory, telemetry
from kaibo.kernel.config import Settings
from kaibo.kernel.reactions import Reaction
from kaibo.kernel.web.app import build
from kaibo.kernel.web.limits import Limiter
from kaibo.kernel.web.state import State
from kaibo.people import facade as people
from kaibo.stage import facade as stage
from kaibo.trade import http as trade_http


def application(settings: Settings) -> FastAPI:
    """The application for these settings; connects when it starts, not when it is built."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with house.opened(settings, "web") as here:
            app.state.kaibo = State(
                settings=here.settings,
                database=here.database,
                bus=here.bus,
                blobs=here.blobs,
                limiter=Limiter(settings.rate_limit_scale),
                resolve_caller=people.resolve_caller,
                parts={Reaction: house.reactions()},
            )
            trade_http.open_till(app.state.kaibo)
            stage.register()
            yield

    return build(settings, house.ROUTERS, lifespan, house.MACHINE_PATHS, house.OUTGOING, trade_http.THIN)


def create() -> FastAPI:
    """Factory for ASGI servers."""
    settings = config.current()
    telemetry.configure(settings, "web")
    made = application(settings)
    memory.collect_seldom()
    return made
