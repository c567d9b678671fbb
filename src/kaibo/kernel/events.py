"""Events: frozen dataclasses with a subject, encoded to JSON by pydantic. One class a subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import TypeAdapter


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that has happened, in the past tense. Subclasses set `subject` and `aggregate_id`."""

    subject: ClassVar[str]

    @property
    def aggregate_id(self) -> str:
        """What the event is about; events of one aggregate are relayed in order."""
        raise NotImplementedError


_E = TypeVar("_E", bound=Event)
_adapters: dict[type[Event], TypeAdapter[Any]] = {}


def _adapter(kind: type[_E]) -> TypeAdapter[_E]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def encode(event: Event) -> dict[str, Any]:
    """The event's fields as JSON values."""
    body = _adapter(type(event)).dump_python(event, mode="json")
    assert isinstance(body, dict)
    return body


def encode_json(event: Event) -> str:
    """The same as a JSON document."""
    return _adapter(type(event)).dump_json(event).decode()


def decode(kind: type[_E], body: dict[str, Any]) -> _E:
    """Rebuild an event from its JSON body."""
    return _adapter(kind).validate_python(body)
