"""The kernel's own tables, in the schema `kernel`: outbox, what consumers have handled, what is parked, timers, idempotency."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

outbox = Table(
    "outbox",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    uuid_column("event_id", unique=True),
    Column("subject", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    created_at(),
    schema="kernel",
    info=local("swept across all shops by workers that lock what is due: a few rows, one place"),
)

handled = Table(
    "handled",
    metadata,
    Column("consumer", Text, primary_key=True),
    uuid_column("event_id", primary_key=True),
    created_at("handled_at"),
    Index(None, "handled_at"),
    schema="kernel",
    info=local("swept across all shops by workers that lock what is due: a few rows, one place"),
)

parked = Table(
    "parked",
    metadata,
    id_column(),
    Column("consumer", Text, nullable=False),
    uuid_column("event_id"),
    Column("subject", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("error", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    created_at("parked_at"),
    timestamptz("closed_at", nullable=True),
    Column("closed_why", Text),
    uuid_column("closed_by", nullable=True),
    schema="kernel",
    info=local("swept across all shops by workers that lock what is due: a few rows, one place"),
)

timers = Table(
    "timers",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    timestamptz("due_at"),
    Column("payload", JSONB, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("last_error", Text),
    created_at(),
    Index(None, "due_at"),
    schema="kernel",
    info=local("swept across all shops by workers that lock what is due: a few rows, one place"),
)

job_failures = Table(
    "job_failures",
    metadata,
    Column("job_id", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    timestamptz("at"),
    Index(None, "at"),
    schema="kernel",
    info=local("swept across all shops by workers that lock what is due: a few rows, one place"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("response", JSONB),
    created_at(),
    Index(None, "created_at"),
    schema="kernel",
    info=local("swept across all shops by workers that lock what is due: a few rows, one place"),
)
