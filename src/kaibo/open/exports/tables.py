"""Exports: asked for, made, fetched, gone."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

exports = Table(
    "exports",
    metadata,
    id_column(),
    uuid_column("shop_id"),
    uuid_column("person_id"),
    Column("kind", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("filters", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("rows_done", Integer, nullable=False, default=0),
    Column("rows_total", Integer, nullable=False, default=0),
    Column("file_bytes", BigInteger),
    Column("error", Text),
    created_at(),
    timestamptz("done_at", nullable=True),
    timestamptz("expires_at", nullable=True),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'expired')", name="state_known"),
    Index(None, "shop_id", "id"),
    schema="open",
    info=local("deliveries are swept across all shops; a shop's exports and endpoints are few"),
)
