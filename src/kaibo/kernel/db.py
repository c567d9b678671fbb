"""PostgreSQL through SQLAlchemy 2 Core on asyncpg. One MetaData, one schema a wing, one transaction a request or task."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ColumnElement, DateTime, MetaData, Uuid, any_, cast, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from kaibo.kernel import clock
from kaibo.kernel.ids import new_id

Db = AsyncSession
"""The open transaction. Actions receive it, execute statements on it and never end it."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

APPLICATION_ROLE = "kaibo_app"
"""What the application works as, whoever it signs in as: it owns no table, so it cannot change what only grows (kaibo.migrate)."""

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 30_000


def id_column(name: str = "id", **options: Any) -> Column[UUID]:
    """A UUIDv7 primary key."""
    return Column(name, Uuid, primary_key=True, default=new_id, **options)


def uuid_column(name: str, **options: Any) -> Column[UUID]:
    options.setdefault("nullable", False)
    return Column(name, Uuid, **options)


def timestamptz(name: str, **options: Any) -> Column[Any]:
    options.setdefault("nullable", False)
    return Column(name, DateTime(timezone=True), **options)


def created_at(name: str = "created_at") -> Column[Any]:
    return timestamptz(name, default=clock.now)


def fen(name: str, **options: Any) -> Column[int]:
    """An amount of money: bigint fen."""
    options.setdefault("nullable", False)
    return Column(name, BigInteger, **options)


def not_negative(*names: str) -> list[CheckConstraint]:
    return [CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative") for name in names]


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """`column IN values`, for lists as long as a batch: one statement however many there are, so that it is compiled and planned
    once and not for every length anew.
    """
    return column == any_(cast(list(set(values)), ARRAY(column.type)))


def engine_for(database_url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine for a postgresql://… URL, with explicit lock and statement time-outs."""
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={
            "timeout": 10,
            "server_settings": {
                "application_name": "kaibo",
                "role": APPLICATION_ROLE,
                "timezone": "UTC",
                # procrastinate's functions name their tables without a schema (see jobs.py)
                "search_path": "public,jobs",
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": "60000",
            },
        },
    )


class Database:
    """The engine and its session factory; one a process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.after_commit: dict[str, Callable[[], None]] = {}
        """What to do when a transaction has committed that put this key into `db.info`. Must neither block nor raise."""
        self._sessions = async_sessionmaker(engine, expire_on_commit=False, autoflush=False)

    @classmethod
    def connect(cls, database_url: str, *, pool_size: int = 10) -> Database:
        return cls(engine_for(database_url, pool_size=pool_size))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Db]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self._sessions() as db:
            async with db.begin():
                yield db
            for mark, act in self.after_commit.items():
                if mark in db.info:
                    act()

    @asynccontextmanager
    async def snapshot(self, *, statement_seconds: int) -> AsyncIterator[Db]:
        """For long reading: everything as it was at one instant, and nothing may be written.

        A statement may take `statement_seconds`, whatever requests may.
        """
        async with self._sessions() as db, db.begin():
            await db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            await db.execute(text(f"SET LOCAL statement_timeout = {statement_seconds * 1000}"))
            yield db

    async def close(self) -> None:
        await self.engine.dispose()
