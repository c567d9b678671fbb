"""Bytes of frames: the JSON of the HTTP answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel

from kaibo.kernel.web.wire import rfc3339


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} does not travel in a frame")


def encode(frame: Any) -> bytes:
    """Times as RFC 3339 with milliseconds, as everywhere."""
    return orjson.dumps(frame, default=_default, option=orjson.OPT_PASSTHROUGH_DATETIME)


def decode(body: bytes) -> dict[str, Any]:
    """An internal message. Raises ValueError where it is none."""
    frame = orjson.loads(body)
    if not isinstance(frame, dict):
        raise ValueError("not an object")
    return frame
