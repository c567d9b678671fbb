"""Health, readiness and figures."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from kaibo.kernel.errors import EngineDown, NotAllowed
from kaibo.kernel.web import auth
from kaibo.kernel.web.deps import StateDep

router = APIRouter(include_in_schema=False)


@router.get("/healthz", dependencies=[auth.machine])
async def health() -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz", dependencies=[auth.machine])
async def ready(state: StateDep) -> Response:
    """The process can do its work: PostgreSQL and NATS answer. 503 names the one that does not."""
    try:
        async with state.database.transaction() as db:
            await db.execute(text("SELECT 1"))
    except Exception as wrong:
        raise EngineDown(engine="PostgreSQL") from wrong
    if not state.bus.connected:
        raise EngineDown(engine="NATS")
    return PlainTextResponse("ready\n")


@router.get("/metrics", dependencies=[auth.machine])
async def metrics(request: Request, state: StateDep) -> Response:
    """Prometheus figures: with the bearer token `metrics_token`, or without one from this machine only."""
    token = state.settings.metrics_token
    sent = request.headers.get("authorization", "")
    local = (
        request.client is not None
        and request.client.host in {"127.0.0.1", "::1"}
        and "x-forwarded-for" not in request.headers
    )
    allowed = hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()) if token else local
    if not allowed:
        raise NotAllowed(needs="metrics_token")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
