"""An answer that is made after the request's transaction has been committed and its connection given back.

The payment provider may take seconds. Handlers that need it write down what is to happen, return this, and the conversation with
the provider takes place while no transaction is open. (FastAPI closes `DbDep`, scope "function", before it calls a response.)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Response
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send


class AfterCommit(Response):
    """`finish` makes the real response; what it raises becomes a problem document like anywhere else."""

    def __init__(self, finish: Callable[[], Awaitable[Response]]) -> None:
        super().__init__()
        self._finish = finish

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._finish()
        await response(scope, receive, send)


def json_of(wire: BaseModel, status_code: int = 200) -> Response:
    return Response(wire.model_dump_json(), status_code, media_type="application/json")
