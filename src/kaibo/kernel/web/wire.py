"""The common shapes of JSON: ids are strings, times RFC 3339 UTC with milliseconds, money integer fen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

from kaibo.kernel.money import FEN_MAX


class Wire(BaseModel):
    """Base of request and response models: unknown members are refused, instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def rfc3339(at: datetime) -> str:
    """`2026-11-23T08:00:00.000Z`"""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _no_surrogates_or_nul(value: Any) -> Any:
    # PostgreSQL's text cannot hold NUL, and lone surrogates cannot be encoded.
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise ValueError("contains characters that are not text")
    return value


Id = UUID
Instant = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
Fen = Annotated[int, Field(ge=-FEN_MAX, le=FEN_MAX)]
PositiveFen = Annotated[int, Field(ge=0, le=FEN_MAX)]
Text = Annotated[str, BeforeValidator(_no_surrogates_or_nul), StringConstraints(strip_whitespace=True)]
