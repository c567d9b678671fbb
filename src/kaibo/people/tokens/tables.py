"""Tokens and what was written with them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

tokens = Table(
    "tokens",
    metadata,
    id_column(),
    Column("person_id", ForeignKey("people.persons.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    # SHA-256 of the token: 178 bits of randomness need no slow hash, and whoever reads this table cannot use it
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    # the last characters, so that its owner can tell one from another
    Column("ending", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    uuid_column("shop_id", nullable=True),
    created_at(),
    timestamptz("expires_at"),
    timestamptz("last_used_at", nullable=True),
    Column("last_used_ip", Text),
    timestamptz("revoked_at", nullable=True),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)

token_writes = Table(
    "token_writes",
    metadata,
    id_column(),
    uuid_column("token_id"),
    uuid_column("person_id"),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("ip", Text, nullable=False),
    created_at("at"),
    Index(None, "token_id", "id"),
    Index(None, "at"),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)
