"""Cursors: where the next page begins, and what is no cursor of a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kaibo.kernel.errors import BadCursor
from kaibo.kernel.web.pages import Cursor, encode_cursor

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


@dataclass
class Row:
    id: UUID


ROWS = [Row(UUID(int=n)) for n in range(1, 4)]


def test_the_last_page_has_no_cursor() -> None:
    assert Cursor(None, 3).next(ROWS) is None
    assert Cursor(None, 3).next([]) is None


def test_the_next_page_begins_after_the_last_row_shown_not_after_the_one_too_many() -> None:
    following = Cursor(None, 2).next(ROWS)
    assert following is not None
    assert Cursor(following, 2).uuid(0) == ROWS[1].id


def test_a_key_of_two_parts_comes_back_whole() -> None:
    following = Cursor(None, 1).next(ROWS, lambda row: (AT.isoformat(), str(row.id)))
    assert following is not None
    assert Cursor(following, 1).moment() == (AT, ROWS[0].id)
    assert Cursor(None, 1).moment() is None


@pytest.mark.parametrize(
    "key",
    [
        (AT.isoformat(),),
        ("2026-11-23T08:00:00", str(UUID(int=1))),
        ("yesterday", str(UUID(int=1))),
        (AT.isoformat(), "x"),
        (7, str(UUID(int=1))),
    ],
)
def test_the_cursor_of_another_list_is_refused(key: tuple[str | int, ...]) -> None:
    with pytest.raises(BadCursor):
        Cursor(encode_cursor(*key), 1).moment()
