"""What the entry floor may know of the open wing: refusals."""

from __future__ import annotations

from kaibo.kernel.errors import Conflict, Invalid, NotFound, Refused, refusal


@refusal
class EndpointMissing(NotFound):
    code = "open.endpoint_missing"
    id: str


@refusal
class DeliveryMissing(NotFound):
    code = "open.delivery_missing"
    id: str


@refusal
class EndpointsFull(Refused):
    code = "open.endpoints_full"
    endpoints_max: int


@refusal
class BadUrl(Invalid):
    """`because` lists one key: malformed, password, not_https or private."""

    code = "open.bad_url"
    url: str
    because: list[str]


@refusal
class EventTypeUnknown(Invalid):
    code = "open.event_type_unknown"
    event_type: str


@refusal
class EndpointOff(Conflict):
    """Nothing is sent to an endpoint that is off or disabled."""

    code = "open.endpoint_off"
    state: str
