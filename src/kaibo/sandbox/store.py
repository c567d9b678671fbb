"""A sandbox's memory: one SQLite file, written through before anything is acknowledged.

SQLite is called directly on the event loop. A write takes about a millisecond, and doing it without an `await` in
between is what makes every step atomic towards the other requests of this single process.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

CALLBACKS = """
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY, notice_id TEXT NOT NULL, out_trade_no TEXT NOT NULL, event_type TEXT NOT NULL,
  summary TEXT NOT NULL, url TEXT NOT NULL, resource TEXT NOT NULL, faults TEXT NOT NULL,
  created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'delivered', 'lost', 'given_up')),
  attempts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_ms) WHERE state IN ('waiting', 'held');
CREATE TABLE IF NOT EXISTS attempts (
  id INTEGER PRIMARY KEY, delivery_id INTEGER NOT NULL REFERENCES deliveries, at_ms INTEGER NOT NULL,
  http_status INTEGER, note TEXT NOT NULL
) STRICT;
"""
"""What a sandbox that calls back keeps of it; part of its schema."""

FAULTS = "CREATE TABLE IF NOT EXISTS faults (scope TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"


class Store:
    """Rows are plain dictionaries; every change happens inside `with store.change():`. `schema` is what one sandbox adds to the
    `faults` that all have."""

    def __init__(self, path: Path, schema: str) -> None:
        path.touch(mode=0o600, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;" + schema + FAULTS
        )

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
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608

    def read_faults(self, scope: str) -> dict[str, Any]:
        row = self.one("SELECT value FROM faults WHERE scope = ?", scope)
        return dict(json.loads(row["value"])) if row else {}
