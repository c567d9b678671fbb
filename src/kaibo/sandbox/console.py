"""The routes of a tester: faults, callbacks, health. All but health need the bearer token in `admin-token`."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kaibo.sandbox import faults
from kaibo.sandbox.beijing import rfc3339
from kaibo.sandbox.settings import Settings
from kaibo.sandbox.store import Row, Store

LIST_MAX = 1000
BODY_BYTES_MAX = 64 * 1024

M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True)
class Desk:
    """What the parts of one sandbox share. `wake` tells the courier that something may be due."""

    settings: Settings
    store: Store
    admin_token: str = field(repr=False)
    public_url: str
    base_url: str
    wake: asyncio.Event = field(default_factory=asyncio.Event)


def routes(prefix: str) -> list[Route]:
    return [
        Route(f"{prefix}/health", health),
        Route(f"{prefix}/faults", show_faults, methods=["GET"]),
        Route(f"{prefix}/faults", put_plan, methods=["PUT"]),
        Route(f"{prefix}/faults", delete_faults, methods=["DELETE"]),
        Route(f"{prefix}/faults/{{number}}", put_order, methods=["PUT"]),
        Route(f"{prefix}/callbacks", callbacks),
    ]


def desk_of(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


def admitted(request: Request) -> Desk:
    """Raises HTTPException(403) without the token."""
    desk = desk_of(request)
    given = request.headers.get("authorization", "")
    if not secrets.compare_digest(given.encode(), f"Bearer {desk.admin_token}".encode()):
        raise HTTPException(403, "needs Authorization: Bearer <admin-token>, see that file in the data directory")
    return desk


async def read_bytes(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, f"more than {BODY_BYTES_MAX} bytes")
    return bytes(body)


async def parse(model: type[M], request: Request) -> M:
    """Raises HTTPException(400) that names the first wrong field."""
    try:
        return model.model_validate_json(await read_bytes(request) or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise HTTPException(400, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


async def health(request: Request) -> Response:
    """Open to all: answers once the store can be read."""
    desk_of(request).store.one("SELECT 1")
    return JSONResponse({"status": "ok"})


async def show_faults(request: Request) -> Response:
    return JSONResponse(faults_shown(admitted(request).store))


async def put_plan(request: Request) -> Response:
    desk = admitted(request)
    faults.write_faults(desk.store, faults.PLAN, await parse(faults.FaultPlan, request))
    return await show_faults(request)


async def put_order(request: Request) -> Response:
    """Wins over the plan; the order need not exist yet."""
    desk = admitted(request)
    scope = f"order:{request.path_params['number']}"
    faults.write_faults(desk.store, scope, await parse(faults.Faults, request))
    return await show_faults(request)


async def delete_faults(request: Request) -> Response:
    faults.clear_faults(admitted(request).store)
    return Response(status_code=204)


async def callbacks(request: Request) -> Response:
    """Newest first: every delivery with its attempts. `?out_trade_no=` narrows it."""
    store = admitted(request).store
    return JSONResponse({"callbacks": callbacks_shown(store, request.query_params.get("out_trade_no", ""))})


def faults_shown(store: Store) -> dict[str, Any]:
    rows = store.all("SELECT scope FROM faults WHERE scope LIKE 'order:%' ORDER BY scope LIMIT ?", LIST_MAX)
    orders = {row["scope"].removeprefix("order:"): store.read_faults(row["scope"]) for row in rows}
    return {"plan": faults.read_plan(store).model_dump(exclude_unset=True), "orders": orders}


def callbacks_shown(store: Store, out_trade_no: str) -> list[Row]:
    """Of one order, or of all where the number is empty."""
    rows = store.all(
        "SELECT * FROM deliveries WHERE ? IN ('', out_trade_no) ORDER BY id DESC LIMIT ?", out_trade_no, LIST_MAX
    )
    for row in rows:
        attempts = store.all("SELECT * FROM attempts WHERE delivery_id = ? ORDER BY id", row["id"])
        row["attempts"] = [
            {"at": rfc3339(attempt["at_ms"]), "http_status": attempt["http_status"], "note": attempt["note"]}
            for attempt in attempts
        ]
        row["created"], row["due"] = rfc3339(row.pop("created_ms")), rfc3339(row.pop("due_ms"))
        del row["resource"]
    return rows
