"""The part of the distribution plan that any PostgreSQL runs, on a database like the one it is meant for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest

from kaibo import house
from kaibo.kernel.db import metadata
from kaibo.kernel.distribution import foreign_keys, lead_again, lost, placement, prepare
from tests.conftest import TEMPLATE, WIDE_KEYS

assert house.ROUTERS


@pytest.fixture
async def spread() -> AsyncIterator[asyncpg.Connection]:
    """A migrated database with keys and foreign keys as Citus wants them."""
    server = os.environ["POSTGRES_OF_KAIBO_TESTS"].removesuffix(f"/{TEMPLATE}")
    name = f"spread_{os.getpid()}"
    admin = await asyncpg.connect(f"{server}/postgres")
    for attempt in range(50):
        try:
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
            break
        except asyncpg.ObjectInUseError:  # another test process is cloning at this moment
            if attempt == 49:
                raise
            await asyncio.sleep(0.2)
    connection = await asyncpg.connect(f"{server}/{name}")
    if WIDE_KEYS not in os.environ:
        for statement in [*prepare(metadata), *lead_again(metadata)]:
            await connection.execute(statement)
    yield connection
    await connection.close()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def test_every_unique_index_of_a_distributed_table_holds_its_column(spread: asyncpg.Connection) -> None:
    """Asked of PostgreSQL, not of our tables: an index that only a migration knows would be found too."""
    checked = 0
    for table in metadata.sorted_tables:
        here = placement(table)
        if here.kind != "distributed":
            continue
        rows = await spread.fetch(
            "SELECT i.indexrelid::regclass::text AS name, array_agg(a.attname::text) AS columns FROM pg_index i "
            "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
            "WHERE i.indisunique AND i.indrelid = $1::text::regclass GROUP BY 1",
            table.fullname,
        )
        wrong = [row["name"] for row in rows if here.column not in row["columns"]]
        assert not wrong, f"{table.fullname}: {wrong} do not hold {here.column}"
        checked += len(rows)
    assert checked


async def test_foreign_keys_stay_but_for_those_that_are_given_up(spread: asyncpg.Connection) -> None:
    names = {row["conname"] for row in await spread.fetch("SELECT conname FROM pg_constraint WHERE contype = 'f'")}
    ours = {str(key.name) for table in metadata.sorted_tables for key in foreign_keys(table)}
    gone = {str(key.name) for key in lost(metadata)}
    assert ours - names == gone


async def test_triggers_of_distributed_tables_look_at_nothing_but_their_own_rows(spread: asyncpg.Connection) -> None:
    """On a shard a trigger's function would read another table through Citus, out of the middle of a shard's own query."""
    rows = await spread.fetch(
        "SELECT t.tgname AS name, t.tgrelid::regclass::text AS of, p.prosrc AS body FROM pg_trigger t "
        "JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal"
    )
    spread_out = {table.fullname for table in metadata.sorted_tables if placement(table).kind != "local"}
    looks = [
        (row["of"], row["name"])
        for row in rows
        if row["of"] in spread_out and any(table.fullname in row["body"] for table in metadata.sorted_tables)
    ]
    assert not looks, f"name them in without_triggers of their table, with the reason: {looks}"
