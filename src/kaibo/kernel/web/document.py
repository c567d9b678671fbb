"""The OpenAPI document: who may call what, with which scope, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from kaibo.kernel.web.auth import Declaration
from kaibo.kernel.web.bearer import scope_of

INTRODUCTION = """Everything the pages of this installation do, they do through this interface; so can your programs.

**Authentication**: a personal access token (`Authorization: Bearer kaibo_pat_…`), made in the desk under 开放平台 (Open platform).
Every operation says which scope it needs (`x-scope`); operations without one are for people in a browser.
**Shapes**: ids are strings, times RFC 3339 in UTC, money is an integer of fen (`*_fen`, 1 yuan = 100 fen).
**Lists**: `{items, next_cursor}`; pass `next_cursor` as `cursor` until it is null.
**Creating**: a POST that creates takes an `Idempotency-Key`; repeat a call with the same key and body and it has one effect.
**Errors**: `application/problem+json` (RFC 9457) with a stable `code`, words in your `Accept-Language`, and the facts as members.
**Limits**: calls with a token carry `RateLimit-Policy` and `RateLimit`; a 429 says `Retry-After`."""

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457. Further members are the facts of this `code`; `errors` names every wrong field of a 422.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:kaibo:problem:goods.out_of_stock"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "examples": [409]},
        "code": {"type": "string", "examples": ["goods.out_of_stock"]},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("path", "code", "message", "value")},
            },
        },
    },
    "additionalProperties": True,
}
_SCHEMES: dict[str, Any] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "kaibo_pat_[0-9A-Za-z]{36}",
        "description": "A personal access token. It acts for the person who made it, within its scopes.",
    },
    "login": {
        "type": "apiKey",
        "in": "cookie",
        "name": "kaibo_login",
        "description": "A person's browser; changes also need the header X-CSRF-Token (GET /api/me gives it).",
    },
}


def routes_of(part: FastAPI | APIRouter) -> Iterator[APIRoute]:
    """Every API route; FastAPI keeps included routers as they are, so walk into them."""
    for route in part.routes:
        if isinstance(route, APIRoute):
            yield route
        elif (router := getattr(route, "original_router", None)) is not None:
            yield from routes_of(router)


def complete(app: FastAPI) -> None:
    """Have `app.openapi()` also say authorisation, scopes and refusals."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            components = document.setdefault("components", {})
            components["securitySchemes"] = _SCHEMES
            components.setdefault("schemas", {})["Problem"] = _PROBLEM
            for route in routes_of(app):
                for method in route.methods or ():
                    operation = document["paths"].get(route.path, {}).get(method.lower())
                    if operation is not None:
                        _say(operation, route)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def _say(operation: dict[str, Any], route: APIRoute) -> None:
    who = next((d.call.name for d in route.dependant.dependencies if isinstance(d.call, Declaration)), "")
    scope = scope_of(route)
    operation["x-authorisation"] = who
    if scope is not None:
        operation["x-scope"] = scope
    if who not in {"public", "machine"}:
        operation["security"] = [{"token": [scope]}, {"login": []}] if scope else [{"login": []}]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers = operation.setdefault("responses", {})
    answers["default"] = {"description": "Refused; `code` says why.", "content": problem}
    if "422" in answers:
        answers["422"] = {"description": "The input is not right; `errors` names each field.", "content": problem}
