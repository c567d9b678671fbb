"""The calls that the house makes, for the section `webhooks` of the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import create_model

from kaibo.kernel.web import Instant, Wire
from kaibo.open.webhooks.published import PUBLISHED, TEST_TYPE, VERSION, TestData

ABOUT = (
    "Signed with the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (Standard Webhooks). Answer any 2xx "
    "within 15 s; else it is sent again over three days. Order is not promised and a call may come twice: keep the `webhook-id`."
)

webhooks = APIRouter()


def _describe(type_: str, data: type[Wire]) -> None:
    words = "".join(part.capitalize() for part in type_.replace(".", "_").split("_"))
    # each type has a shape of its own, made here out of the published model
    members: dict[str, Any] = {
        "type": (Literal[type_], ...),
        "version": (Literal[VERSION], ...),
        "timestamp": (Instant, ...),
        "data": (data, ...),
    }
    shape = create_model(f"{words}Message", __base__=Wire, **members)

    async def receive(body: Wire) -> None:
        """Documented only; it is your server that receives it."""

    receive.__annotations__["body"] = shape
    name = f"hear_{type_.replace('.', '_')}"
    webhooks.add_api_route(type_, receive, methods=["POST"], name=name, description=ABOUT, summary=type_)


for _one in PUBLISHED.values():
    _describe(_one.name, _one.model)
_describe(TEST_TYPE, TestData)
