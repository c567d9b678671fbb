"""Alembic's entry: all wings' tables, one schema a wing; procrastinate's schema `jobs` is its own business."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from kaibo import house  # noqa: F401  (imports every wing, and so every table)
from kaibo.kernel.db import metadata

SCHEMAS = {"kernel", "people", "goods", "trade", "stage", "open"}


def _ours(name: str | None, kind: str, parents: object) -> bool:
    return name in SCHEMAS if kind == "schema" else True


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_schemas=True,
        include_name=_ours,
        compare_type=True,
        version_table="alembic_version",
        version_table_schema="kernel",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    url = make_url(context.config.attributes["database_url"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


asyncio.run(_run())
