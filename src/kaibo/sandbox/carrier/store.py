"""The carrier's memory: one SQLite file, written through before anything is acknowledged.

SQLite is called directly on the event loop: without an `await` in between, every step is atomic towards the other requests of
this single process.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS parcels (
  com TEXT NOT NULL, num TEXT NOT NULL, callback_url TEXT NOT NULL, salt TEXT NOT NULL, start TEXT NOT NULL,
  goal TEXT NOT NULL, outcome TEXT NOT NULL, subscribed_ms INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,
  next_ms INTEGER, PRIMARY KEY (com, num)
) STRICT;
CREATE INDEX IF NOT EXISTS parcels_next ON parcels (next_ms) WHERE next_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS pushes (
  id INTEGER PRIMARY KEY, com TEXT NOT NULL, num TEXT NOT NULL, url TEXT NOT NULL, param TEXT NOT NULL, sign TEXT NOT NULL,
  copies INTEGER NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'delivered', 'lost', 'given_up'))
) STRICT;
CREATE INDEX IF NOT EXISTS pushes_due ON pushes (due_ms) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS faults (scope TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class Store:
    """Rows are plain dictionaries; every change happens inside `with store.change():`."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def one(self, sql: str, *values: object) -> Row | None:
        row = self._db.execute(sql, values).fetchone()
        return dict(row) if row is not None else None

    def all(self, sql: str, *values: object) -> list[Row]:
        return [dict(row) for row in self._db.execute(sql, values)]

    def run(self, sql: str, *values: object) -> int:
        """The number of rows changed."""
        return self._db.execute(sql, values).rowcount

    def insert(self, table: str, row: Mapping[str, object]) -> None:
        """`table` and the keys of `row` come from our own code, never from a request."""
        names, marks = ", ".join(row), ", ".join("?" for _ in row)
        self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608

    def read_faults(self, scope: str) -> dict[str, Any]:
        row = self.one("SELECT value FROM faults WHERE scope = ?", scope)
        return dict(json.loads(row["value"])) if row else {}
