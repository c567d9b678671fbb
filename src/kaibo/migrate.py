"""`kaibo migrate`: bring the database forward. Only one process migrates at a time; the others wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url

from kaibo.goods import guards as goods_guards
from kaibo.kernel import jobs
from kaibo.kernel.db import APPLICATION_ROLE
from kaibo.trade.ledger.guards import APPEND_ONLY

_MIGRATION_LOCK = 0x6B61_6962_6F02  # "kaibo" 2
SCHEMAS = ("kernel", "people", "goods", "trade", "stage", "open", jobs.SCHEMA)


# A role belongs to the whole server: another database's migration may be making it at this moment.
_MAKE_ROLE = f"""
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}') THEN
            CREATE ROLE {APPLICATION_ROLE} NOLOGIN;
        END IF;
        IF NOT pg_has_role(current_user, '{APPLICATION_ROLE}', 'MEMBER') THEN
            GRANT {APPLICATION_ROLE} TO current_user;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
"""


def configuration(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    config.attributes["database_url"] = database_url
    return config


@contextmanager
def _alone(database_url: str) -> Iterator[psycopg.Connection]:
    url = make_url(database_url).set(drivername="postgresql")
    try:
        opened = psycopg.connect(url.render_as_string(hide_password=False), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as wrong:
        raise ConnectionError(
            f"PostgreSQL did not let us in at {url.host}:{url.port}: start it (`kaibo up`), or check KAIBO_DATABASE_URL. {wrong}"
        ) from wrong
    with opened as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        yield connection


def upgrade(database_url: str) -> None:
    """Create what is missing and run every revision not yet run. Idempotent. ConnectionError where no server answers."""
    with _alone(database_url) as connection:
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        found = connection.execute("SELECT to_regclass('jobs.procrastinate_jobs')").fetchone()
        if found is not None and found[0] is None:
            asyncio.run(_install_jobs(database_url))
        command.upgrade(configuration(database_url), "head")
        _let_the_application_in(connection)


def _let_the_application_in(connection: psycopg.Connection) -> None:
    """What the application may do: read and write rows, never change a table; and the ledger and the record of prices only
    read and append."""
    role, schemas = APPLICATION_ROLE, ", ".join(SCHEMAS)
    found = connection.execute("SELECT schemaname, tablename FROM pg_tables").fetchall()
    # A revision that is only being written has tables in the code that the database has not.
    growing = {*(("trade", name) for name in APPEND_ONLY), *(("goods", name) for name in goods_guards.APPEND_ONLY)}
    only_grow = ", ".join(f"{schema}.{name}" for schema, name in found if (schema, name) in growing)
    with connection.transaction():
        for statement in (
            _MAKE_ROLE,
            f"GRANT USAGE ON SCHEMA {schemas} TO {role}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schemas} TO {role}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schemas} TO {role}",
            f"REVOKE UPDATE, DELETE, TRUNCATE ON {only_grow} FROM {role}",
        ):
            connection.execute(statement)


async def _install_jobs(database_url: str) -> None:
    app = jobs.application(database_url, [], role=None)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
