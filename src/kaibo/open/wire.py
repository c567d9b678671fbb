"""Requests and responses about webhooks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from kaibo.kernel.web import Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.open.webhooks import rules
from kaibo.open.webhooks.model import Delivery, DeliveryInFull, DeliveryState, Endpoint, EndpointState, Secrets

Url = Annotated[Text, StringConstraints(min_length=1, max_length=rules.URL_CHARS_MAX)]
Description = Annotated[Text, StringConstraints(max_length=rules.DESCRIPTION_CHARS_MAX)]
EventTypes = Annotated[list[Annotated[Text, StringConstraints(max_length=60)]], Field(min_length=1, max_length=100)]


class EventTypeWire(Wire):
    """`for_shops`: a shop's endpoint can hear it too, else only the platform's."""

    type: str
    title: str
    for_shops: bool


class EventTypesWire(Wire):
    items: list[EventTypeWire]


class EndpointBody(Wire):
    url: Url
    description: Description = ""
    event_types: EventTypes


class EndpointPatch(Wire):
    """What is left out stays. `state` "on" also brings a disabled endpoint back."""

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    state: Literal["on", "off"] | None = None


class EndpointWire(Wire):
    """`disabled_why`: "failing" (nothing succeeded for days) or "gone" (it answered 410)."""

    id: Id
    url: str
    description: str
    event_types: list[str]
    state: EndpointState
    disabled_why: str | None
    failing_since: Instant | None
    old_secret_until: Instant | None
    created_at: Instant

    @classmethod
    def of(cls, endpoint: Endpoint) -> EndpointWire:
        known = {name: getattr(endpoint, name) for name in cls.model_fields}
        return cls(**{**known, "event_types": list(endpoint.event_types)})


class Endpoints(Wire):
    items: list[EndpointWire]


class EndpointCreated(Wire):
    """`secret` is None where this answers a repeat of the call; GET …/secret tells it at any time."""

    endpoint: EndpointWire
    secret: str | None


class SecretsWire(Wire):
    """Until `old_until` every call is signed with both."""

    secret: str
    old: str | None
    old_until: Instant | None

    @classmethod
    def of(cls, secrets: Secrets) -> SecretsWire:
        return cls(secret=secrets.secret, old=secrets.old, old_until=secrets.old_until)


class DeliveryWire(Wire):
    """`message_id` is the `webhook-id` header: the same in every attempt and replay."""

    id: Id
    message_id: str
    type: str
    state: DeliveryState
    tries: int
    next_at: Instant | None
    last_status: int | None
    last_error: str | None
    created_at: Instant
    ended_at: Instant | None

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryWire:
        return cls(**vars(delivery))


class AttemptWire(Wire):
    """`response_head`: the first 1,024 bytes of the answer."""

    at: Instant
    status: int | None
    error: str | None
    response_head: str
    duration_ms: int


class DeliveryFull(Wire):
    """`body` is the very text that was signed; `attempts` newest first."""

    delivery: DeliveryWire
    body: str
    attempts: list[AttemptWire]

    @classmethod
    def of(cls, found: DeliveryInFull) -> DeliveryFull:
        tried = [AttemptWire(**vars(attempt)) for attempt in found.attempts]
        return cls(delivery=DeliveryWire.of(found.delivery), body=found.body, attempts=tried)


class ReplayBody(Wire):
    """Everything that failed and was written since `since`."""

    since: AwareDatetime


class Replayed(Wire):
    count: int
