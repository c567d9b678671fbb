"""A thin entry: a route's everyday requests answered inside the gate, but without the framework's work for each of them.

Routing, dependencies, validation and serialisation cost the framework more than PostgreSQL needs to store an order (ADR 8). A thin
entry answers what it knows to be plain and right. Everything else (an invalid body, another credential, an unusual header) it hands
on, untouched, to the route of the same path in the application, which also documents it. So there is one answer to every
request, whoever gives it.

It is called back and not awaited, so that a server of ours (connection.py) needs no task for a request; any other ASGI server
reaches it through the gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Message, Receive, Scope


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the gate adds its headers."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def json(cls, status: int, body: bytes) -> Answer:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        return cls(status, headers, body)

    @classmethod
    def of(cls, response: Response) -> Answer:
        return cls(response.status_code, response.raw_headers, bytes(response.body))


Tell = Callable[[Answer], None]

Thin = Callable[[Scope, bytes, Tell], bool]
"""(scope, the whole body, tell). False: the application's route shall answer. True: `tell` is called with the answer, once."""


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
