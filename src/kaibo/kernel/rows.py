"""Many rows in one statement: a column goes to PostgreSQL as an array, which costs it and us a fraction of a statement a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import Db

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


async def insert_many(db: Db, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows in their order. All have the same keys; what they leave out is for the database's defaults and those of the
    table's columns. JSONB values may be text that is JSON already."""
    if not rows:
        return
    names = tuple(rows[0])
    values: dict[str, Any] = {name: list(map(itemgetter(name), rows)) for name in names}
    for column in table.columns:
        if column.name not in values and column.default is not None:
            values[column.name] = [column.default.arg(None) for _ in rows]  # type: ignore[attr-defined]
        if column.name in values and isinstance(column.type, JSONB):
            values[column.name] = [_json(one) for one in values[column.name]]
    await db.execute(_statement(table, tuple(values)), values)


@cache
def _statement(table: Table, names: tuple[str, ...]) -> TextClause:
    columns = [table.c[name] for name in names]
    types = ["text" if isinstance(c.type, JSONB) else c.type.compile(dialect=_DIALECT) for c in columns]
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in zip(names, types, strict=True))
    picked = ", ".join(f"{c.name}::jsonb" if isinstance(c.type, JSONB) else f'"{c.name}"' for c in columns)
    named = ", ".join(f'"{name}"' for name in names)
    # names of our own tables and columns
    return text(f"INSERT INTO {table.fullname} ({named}) SELECT {picked} FROM unnest({arrays}) AS made({named})")  # noqa: S608


def _json(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else orjson.dumps(value).decode()
