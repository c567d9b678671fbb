"""Chat lines as they were said (kept three years) and mutes (a log: the newest counts)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, Table, Text

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

chat_lines = Table(
    "chat_lines",
    metadata,
    id_column(),
    uuid_column("room_id"),
    uuid_column("broadcast_id"),
    uuid_column("person_id"),
    Column("person_ref", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text),
    Column("text", Text, nullable=False),
    Column("demo", Boolean, nullable=False),
    timestamptz("at"),
    timestamptz("removed_at", nullable=True),
    uuid_column("removed_by", nullable=True),
    Index(None, "room_id", "at"),
    Index(None, "room_id", "person_id", "at"),
    Index(None, "room_id", "person_ref"),
    Index(None, "broadcast_id", "at"),
    ForeignKeyConstraint(["room_id"], ["stage.rooms.id"]),
    ForeignKeyConstraint(["broadcast_id"], ["stage.broadcasts.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

mutes = Table(
    "mutes",
    metadata,
    id_column(),
    uuid_column("room_id"),
    uuid_column("person_id"),
    timestamptz("until"),
    uuid_column("by"),
    created_at("at"),
    Index(None, "room_id", "person_id", "at"),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)
