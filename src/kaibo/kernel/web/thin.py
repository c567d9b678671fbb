"""A thin entry: a route's everyday requests answered inside the gate, but without the framework's work for each of them.

Routing, dependencies, validation and serialisation cost the framework more than PostgreSQL needs to store an order (ADR 8). A thin
entry answers what it knows to be plain and right. Everything else (an invalid body, another credential, an unusual header) it hands
on, untouched, to the route of the same path in the application, which also documents it. So there is one answer to every
request, whoever gives it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Thin = Callable[[Scope, Receive, Send, ASGIApp], Awaitable[None]]
"""(scope, receive, send, the application)"""


@dataclass(frozen=True)
class Named:
    """Stands in scope["route"], where the gate looks for the name under which a request is counted."""

    path: str


async def read_body(receive: Receive) -> tuple[bytes, list[Message]]:
    """The whole body, and the messages that brought it, to be played again."""
    message = await receive()
    messages = [message]
    while message.get("more_body") and message["type"] == "http.request":
        message = await receive()
        messages.append(message)
    if len(messages) == 1:
        return messages[0].get("body", b""), messages
    return b"".join(message.get("body", b"") for message in messages), messages


def again(messages: list[Message], receive: Receive) -> Receive:
    """`receive` with these messages still to come."""
    to_come = iter(messages)

    async def replay() -> Message:
        for message in to_come:
            return message
        return await receive()

    return replay


async def send_json(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
