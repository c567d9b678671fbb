"""POST /api/orders for everybody with a login cookie and a right body: no framework between the gate and the till.

The route in placing.py documents it, and answers whatever this entry hands on.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.types import Scope

from kaibo.kernel.errors import Refused
from kaibo.kernel.i18n import preferred
from kaibo.kernel.web import State
from kaibo.kernel.web.deps import is_key
from kaibo.kernel.web.gate import LOGIN_COOKIE
from kaibo.kernel.web.problems import answer
from kaibo.kernel.web.thin import Answer, Named, Tell
from kaibo.trade.http.placing import answer_of, wanted_of
from kaibo.trade.http.present_checkout import placed_json
from kaibo.trade.orders.place import Placed
from kaibo.trade.orders.till import Arrival, Served, Till
from kaibo.trade.wire import PlaceIn

PATH = "/api/orders"
_ROUTE = Named(PATH)
_slow: set[asyncio.Task[None]] = set()


def place_thin(scope: Scope, body: bytes, tell: Tell) -> bool:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    key = headers.get(b"idempotency-key", b"").decode("latin-1")
    token = scope["state"]["cookies"].get(LOGIN_COOKIE, "")
    plain = headers.get(b"content-type") == b"application/json" and b"authorization" not in headers
    if not plain or not token or not is_key(key):
        return False
    try:
        wanted = wanted_of(PlaceIn.model_validate_json(body))
    except ValidationError:
        return False
    scope["route"] = _ROUTE
    state: State = scope["app"].state.kaibo
    served = state.parts[Till].queue(Arrival(wanted, key, token))
    served.add_done_callback(partial(_served, scope, headers.get(b"accept-language", b"").decode("latin-1"), tell))
    return True


def _served(scope: Scope, language: str, tell: Tell, future: asyncio.Future[Served]) -> None:
    """The everyday answer at once; whatever needs the database once more, or went wrong, in a task."""
    body = _everyday(language, future)
    if body is not None:
        tell(Answer.json(201, body))
        return
    task = asyncio.get_running_loop().create_task(_slowly(scope, language, tell, future))
    _slow.add(task)
    task.add_done_callback(_slow.discard)


def _everyday(language: str, future: asyncio.Future[Served]) -> bytes | None:
    """What was placed this moment, as JSON."""
    if future.cancelled() or future.exception() is not None:
        return None
    served = future.result()
    if not isinstance(served.outcome, Placed) or served.buyer is None:
        return None
    try:
        return placed_json(served.outcome, preferred(language, served.buyer.locale))
    except Exception:
        return None  # it is met again where it is logged and answered


async def _slowly(scope: Scope, language: str, tell: Tell, future: asyncio.Future[Served]) -> None:
    state: State = scope["app"].state.kaibo
    wrong: Exception
    try:
        served = await future
        if not isinstance(served.outcome, Refused):
            assert served.buyer is not None
            body = await answer_of(state, served, preferred(language, served.buyer.locale))
            tell(Answer.json(201, body))
            return
        wrong = served.outcome
    except asyncio.CancelledError:
        wrong = ConnectionAbortedError("the till closed before it knew")
    except Exception as trouble:
        wrong = trouble
    response: Any = await answer(Request(scope), wrong)
    tell(Answer.of(response))
