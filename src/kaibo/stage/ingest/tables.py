"""Stream keys (only their hashes), what is being pushed, and the recording files."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

stream_keys = Table(
    "stream_keys",
    metadata,
    Column("key_hash", Text, primary_key=True),
    uuid_column("room_id"),
    Column("generation", Integer, nullable=False),
    Column("last4", Text, nullable=False),
    timestamptz("issued_at"),
    timestamptz("expires_at"),
    timestamptz("used_at", nullable=True),
    timestamptz("revoked_at", nullable=True),
    Index("uq_stream_keys_generation", "room_id", "generation", unique=True),
    ForeignKeyConstraint(["room_id"], ["stage.rooms.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

streams = Table(
    "streams",
    metadata,
    uuid_column("room_id", primary_key=True),
    Column("publishing", Boolean, nullable=False),
    Column("key_hash", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("server_id", Text, nullable=False),
    Column("ip", Text, nullable=False),
    timestamptz("since"),
    timestamptz("seen_at"),
    timestamptz("ended_at", nullable=True),
    Column("health", JSONB),
    timestamptz("health_at", nullable=True),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

recordings = Table(
    "recordings",
    metadata,
    id_column(),
    uuid_column("room_id"),
    uuid_column("broadcast_id", nullable=True),
    Column("file", Text, nullable=False, unique=True),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    timestamptz("started_at"),
    Column("duration_ms", BigInteger, nullable=False),
    Column("recovered", Boolean, nullable=False),
    # reported -> kept | damaged (the file does not match its hash) | lost (there is no file); kept -> pruned (record_keep_gib)
    Column("state", Text, nullable=False),
    Column("url", Text),
    created_at(),
    Index(None, "room_id", "started_at"),
    ForeignKeyConstraint(["room_id"], ["stage.rooms.id"]),
    ForeignKeyConstraint(["broadcast_id"], ["stage.broadcasts.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

stream_notices = Table(
    "stream_notices",
    metadata,
    id_column(),
    uuid_column("room_id"),
    uuid_column("broadcast_id", nullable=True),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    created_at("at"),
    Index(None, "room_id", "at"),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)
