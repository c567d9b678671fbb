"""Builds the web application out of the wings' routers. OpenAPI is the single source of the typed client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from kaibo import __version__
from kaibo.kernel import telemetry
from kaibo.kernel.config import Settings
from kaibo.kernel.web import auth, client, document, failed_jobs, parked, probes, problems
from kaibo.kernel.web.deps import StateDep
from kaibo.kernel.web.gate import Door, Gate
from kaibo.kernel.web.thin import Tell, Thin
from kaibo.kernel.web.wire import Wire

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

UPLOAD_PATHS = (
    "/api/pictures",
    r"/api/shops/[^/]+/products/import",
    r"/api/shops/[^/]+/orders/shipments/import",
    r"/api/shops/[^/]+/invoices/[^/]+/issue",
)

NO_THIN: Mapping[tuple[str, str], Thin] = MappingProxyType({})

meta = APIRouter()


class Meta(Wire):
    name: str
    demo: bool
    version: str
    licence_footer: str
    locales: list[str]


@meta.get("/api/meta", dependencies=[auth.public])
async def get_meta(state: StateDep) -> Meta:
    """What this installation is."""
    return Meta(
        name="Kaibo 开播",
        demo=state.settings.demo,
        version=__version__,
        licence_footer=state.settings.licence_footer,
        locales=["zh", "en"],
    )


class Application(FastAPI):
    """Requests of the methods and paths in `straight` go to the gate straight. What FastAPI puts before it are answers to what the
    gate answers too, but costs an order a tenth of what it costs in all.
    """

    def __init__(self, *, straight: frozenset[tuple[str, str]], door: Door, **options: Any) -> None:
        super().__init__(**options)
        self._straight = straight
        self.straight_paths = frozenset(path.encode() for _, path in straight)
        self._door = door

    def take(self, scope: Scope, body: bytes, tell: Tell) -> bool:
        """A whole request from our own server; False where it is to come in as usual."""
        gate = self._door.gate
        if gate is None or (scope["method"], scope["path"]) not in self._straight:
            return False
        scope["app"] = self
        return gate.take(scope, body, tell)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gate = self._door.gate
        if gate is None or scope["type"] != "http" or (scope["method"], scope["path"]) not in self._straight:
            await super().__call__(scope, receive, send)
        else:
            scope["app"] = self
            await gate(scope, receive, send)


def build(
    settings: Settings,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    machine_paths: frozenset[str],
    outgoing: APIRouter,
    thin: Mapping[tuple[str, str], Thin] = NO_THIN,
) -> FastAPI:
    """The application. `machine_paths` are called by other programs, which prove themselves by signature or secret; `outgoing`
    documents the calls that the house makes; `thin` are the entries, by method and path, that stand before the framework.
    """
    door = Door()
    app = Application(
        straight=frozenset() if settings.otel_endpoint else frozenset(thin),
        door=door,
        title="Kaibo 开播",
        version=__version__,
        description=document.INTRODUCTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.webhooks = outgoing
    problems.install(app)
    for router in (meta, parked.router, failed_jobs.router, probes.router, *routers):
        app.include_router(router)
    document.complete(app)
    client.mount(app, settings.data_dir / "blobs")
    app.add_middleware(
        Gate, settings=settings, machine_paths=machine_paths, upload_paths=UPLOAD_PATHS, thin=thin, door=door
    )
    telemetry.trace_app(app, settings)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
