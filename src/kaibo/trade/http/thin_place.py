"""POST /api/orders for everybody with a login cookie and a right body: no framework between the gate and the till.

The route in placing.py documents it, and answers whatever this entry hands on.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from kaibo.kernel.errors import Refused
from kaibo.kernel.i18n import preferred
from kaibo.kernel.web import State
from kaibo.kernel.web.deps import is_key
from kaibo.kernel.web.gate import LOGIN_COOKIE
from kaibo.kernel.web.problems import answer
from kaibo.kernel.web.thin import Named, again, read_body, send_json
from kaibo.trade.http.placing import answer_of, wanted_of
from kaibo.trade.orders.till import Arrival, Till
from kaibo.trade.wire import PlaceIn

PATH = "/api/orders"
_ROUTE = Named(PATH)


async def place_thin(scope: Scope, receive: Receive, send: Send, full: ASGIApp) -> None:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    key = headers.get(b"idempotency-key", b"").decode("latin-1")
    token = scope["state"]["cookies"].get(LOGIN_COOKIE, "")
    plain = headers.get(b"content-type") == b"application/json" and b"authorization" not in headers
    if not plain or not token or not is_key(key):
        await full(scope, receive, send)
        return
    body, messages = await read_body(receive)
    try:
        wanted = wanted_of(PlaceIn.model_validate_json(body))
    except ValidationError:
        await full(scope, again(messages, receive), send)
        return
    scope["route"] = _ROUTE
    await _serve(scope, receive, send, Arrival(wanted, key, token), headers.get(b"accept-language", b""))


async def _serve(scope: Scope, receive: Receive, send: Send, arrival: Arrival, language: bytes) -> None:
    state: State = scope["app"].state.kaibo
    wrong: Exception
    try:
        served = await state.parts[Till].place(arrival)
        if not isinstance(served.outcome, Refused):
            assert served.buyer is not None
            locale = preferred(language.decode("latin-1"), served.buyer.locale)
            await send_json(send, 201, await answer_of(state, served, locale))
            return
        wrong = served.outcome
    except Exception as trouble:
        wrong = trouble
    response: Any = await answer(Request(scope), wrong)
    await response(scope, receive, send)
