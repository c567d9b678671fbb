"""Cursor pagination: a page and an opaque cursor for the next. Cursors encode the sort key of the last row."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query

from kaibo.kernel.errors import BadCursor
from kaibo.kernel.web.wire import Wire

LIMIT_MAX = 100
CURSOR_CHARS_MAX = 500

_T = TypeVar("_T")
Key = str | int | tuple[str | int, ...]


class Page(Wire, Generic[_T]):
    items: list[_T]
    next_cursor: str | None = None


class Cursor:
    """Where to go on (`after`: the last row's sort key, None at the start) and how many rows to give."""

    def __init__(self, cursor: str | None, limit: int) -> None:
        self.after: list[Any] | None = decode_cursor(cursor) if cursor else None
        self.limit = limit

    def text(self, place: int) -> str | None:
        """The `place`-th part of the key as a string; BadCursor where the cursor is not of this list."""
        if self.after is None:
            return None
        if len(self.after) <= place or not isinstance(self.after[place], str):
            raise BadCursor(cursor="")
        value: str = self.after[place]
        return value

    def uuid(self, place: int) -> UUID | None:
        """The `place`-th part of the key as an id."""
        text = self.text(place)
        try:
            return None if text is None else UUID(text)
        except ValueError as wrong:
            raise BadCursor(cursor=text or "") from wrong

    def number(self, place: int) -> int | None:
        """The `place`-th part of the key as a bigint."""
        if self.after is None:
            return None
        if len(self.after) <= place or type(self.after[place]) is not int or not 0 <= self.after[place] < 2**63:
            raise BadCursor(cursor="")
        value: int = self.after[place]
        return value

    def instant(self, place: int) -> datetime | None:
        """The `place`-th part of the key as an aware instant."""
        text = self.text(place)
        try:
            at = None if text is None else datetime.fromisoformat(text)
        except ValueError as wrong:
            raise BadCursor(cursor=text or "") from wrong
        if at is not None and at.tzinfo is None:
            raise BadCursor(cursor=text or "")
        return at

    def moment(self) -> tuple[datetime, UUID] | None:
        """The key of a list that is ordered by an instant, and by id where instants are the same."""
        at = self.instant(0)
        last_id = None if at is None else self.uuid(1)
        return None if at is None or last_id is None else (at, last_id)

    def next(self, found: Sequence[_T], key: Callable[[_T], Key] | None = None) -> str | None:
        """The cursor of the page after this one. `found` was asked for with one row more than a page holds; where that row is
        missing this page is the last. `key`: the sort key of a row; without one the row's id.
        """
        if len(found) <= self.limit:
            return None
        last: Any = found[self.limit - 1]
        parts = str(last.id) if key is None else key(last)
        return encode_cursor(*parts) if isinstance(parts, tuple) else encode_cursor(parts)


async def _cursor(
    cursor: Annotated[str | None, Query(max_length=CURSOR_CHARS_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 20,
) -> Cursor:
    return Cursor(cursor, limit)


PageQuery = Annotated[Cursor, Depends(_cursor)]


def encode_cursor(*key: str | int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def decode_cursor(cursor: str) -> list[Any]:
    """The sort key inside `cursor`. Raises BadCursor for anything `encode_cursor` did not make."""
    try:
        key = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except ValueError as wrong:
        raise BadCursor(cursor=cursor[:40]) from wrong
    if not isinstance(key, list) or not key or not all(isinstance(part, str | int) for part in key):
        raise BadCursor(cursor=cursor[:40])
    return key
