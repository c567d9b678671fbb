"""A small application behind the real gate, with routes that do what a test needs them to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.web import auth
from kaibo.kernel.web.app import build
from kaibo.kernel.web.limits import Limiter
from kaibo.kernel.web.pace import limited
from kaibo.kernel.web.state import State
from kaibo.kernel.web.wire import Text, Wire
from kaibo.people import facade as people

HOOK = "/api/test/hook"
router = APIRouter()


class Note(Wire):
    text: Text


@router.post("/api/test/notes", dependencies=[auth.public])
async def take_note(body: Note) -> Note:
    return body


@router.post(HOOK, dependencies=[auth.machine])
async def hear(body: Note) -> Note:
    return body


@router.post("/api/test/seldom", dependencies=[auth.public, limited("3/minute")])
async def seldom() -> None:
    return None


@router.get("/api/test/fault", dependencies=[auth.public])
async def fault() -> None:
    raise ZeroDivisionError("a fault of the programmers'")


@router.get("/api/test/page", dependencies=[auth.public])
async def page() -> HTMLResponse:
    return HTMLResponse("<!doctype html><title>page</title>")


@asynccontextmanager
async def gated(here: Context, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the small application under `settings`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.kaibo = State(
            settings=settings,
            database=here.database,
            bus=here.bus,
            blobs=here.blobs,
            limiter=Limiter(settings.rate_limit_scale),
            resolve_caller=people.resolve_caller,
        )
        yield

    app = build(settings, [router], lifespan, frozenset({HOOK}), APIRouter())
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


def client_of(app: object, ip: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client that seems to call from `ip`."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(ip, 40_000))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://kaibo.test", timeout=30)
