"""Errors on the wire: application/problem+json (RFC 9457) with a stable code, translated words and the facts as members."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from kaibo.kernel import i18n
from kaibo.kernel.errors import EngineDown, Refused
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
VALUE_CHARS_MAX = 100


def locale_of(request: Request) -> i18n.Locale:
    """The reader's locale; the house's own where the reader has not said."""
    app = request.scope.get("app")
    default: i18n.Locale = app.state.kaibo.settings.locale if app is not None and hasattr(app.state, "kaibo") else "zh"
    return i18n.preferred(request.headers.get("accept-language", ""), default)


def problem(request: Request, status: int, code: str, facts: dict[str, Any], **more: Any) -> Response:
    """A problem document. `facts` fill the words and are members of the document too."""
    request_id = request.scope.get("state", {}).get("request_id", "")
    locale = locale_of(request)
    words = i18n.say(code, locale, {**facts, "request_id": request_id})
    facts = {name: fact.in_words(locale) if isinstance(fact, i18n.Named) else fact for name, fact in facts.items()}
    document = {
        "type": f"urn:kaibo:problem:{code}",
        "title": words,
        "status": status,
        "code": code,
        "detail": words,
        "request_id": request_id,
        **more,
        **{name: value for name, value in facts.items() if name not in {"type", "title", "status", "code", "detail"}},
    }
    headers = {"Cache-Control": "no-store"}
    if "retry_after_seconds" in facts:
        headers["Retry-After"] = str(facts["retry_after_seconds"])
    body = orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


async def _refused(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, Refused)
    answer = problem(request, wrong.status, wrong.code, wrong.facts())
    answer.headers.update(wrong.headers())
    return answer


async def _invalid(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, RequestValidationError)
    errors = [
        {
            "path": ".".join(str(part) for part in error["loc"]),
            "code": error["type"],
            "message": error["msg"],
            "value": str(error.get("input"))[:VALUE_CHARS_MAX].encode("utf-8", "replace").decode(),
        }
        for error in wrong.errors()[:50]
    ]
    code = "web.not_json" if any(e["code"] == "json_invalid" for e in errors) else "web.invalid"
    return problem(request, 422, code, {"count": len(errors)}, errors=errors)


async def _http(request: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, HTTPException)
    if isinstance(wrong.__cause__, Refused):  # a body that grew too large while FastAPI was reading it
        return await _refused(request, wrong.__cause__)
    codes = {404: "web.not_found", 405: "web.method_not_allowed"}
    response = problem(request, wrong.status_code, codes.get(wrong.status_code, "kernel.refused"), {})
    response.headers.update(wrong.headers or {})
    return response


def is_temporary(wrong: Exception) -> bool:
    """Whether PostgreSQL is away, restarting or overloaded: the same may succeed a moment later."""
    cause = _cause(wrong)
    known = isinstance(
        cause,
        OSError
        | asyncpg.PostgresConnectionError
        | asyncpg.InterfaceError
        | asyncpg.CannotConnectNowError
        | asyncpg.TooManyConnectionsError
        | asyncpg.QueryCanceledError
        | asyncpg.LockNotAvailableError
        | asyncpg.DeadlockDetectedError
        | asyncpg.AdminShutdownError
        | asyncpg.CrashShutdownError
        | PoolTimeout,
    )
    return (
        known or isinstance(wrong, InterfaceError) or (isinstance(wrong, DBAPIError) and wrong.connection_invalidated)
    )


def _cause(wrong: Exception) -> Exception:
    cause = getattr(wrong, "orig", None)
    return getattr(cause, "__cause__", None) or cause or wrong


async def _database(request: Request, wrong: Exception) -> Response:
    """A temporary trouble of the database is said, with a time to come back. Anything else is our fault."""
    if is_temporary(wrong):
        log.warning("database.unavailable", error=repr(_cause(wrong)))
        return problem(request, 503, EngineDown.code, {"engine": "PostgreSQL", "retry_after_seconds": 1})
    return unexpected(request, wrong)


def unexpected(request: Request, wrong: Exception) -> Response:
    """Our own fault: logged in full under the request id, told without its insides."""
    log.error("web.unexpected", path=request.url.path, exc_info=wrong)
    return problem(request, 500, "web.unexpected", {})


async def answer(request: Request, wrong: Exception) -> Response:
    """What the application would answer to this error; for entries that stand outside of it."""
    return await (_refused if isinstance(wrong, Refused) else _database)(request, wrong)


def install(app: FastAPI) -> None:
    """Have every error of `app` answered as a problem document; what nobody foresaw is left to the gate."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in (DBAPIError, PoolTimeout, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        app.add_exception_handler(kind, _database)
