"""Rooms, who follows them, and which accounts are the demo's."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

rooms = Table(
    "rooms",
    metadata,
    id_column(),
    uuid_column("host_id"),
    Column("name", Text, nullable=False),
    Column("cover_url", Text),
    Column("slow_mode_seconds", Integer, nullable=False, default=0),
    Column("pinned_line_id", Uuid),
    # Every owner that takes the room over counts one up; frames are numbered from generation * 10^8.
    Column("generation", BigInteger, nullable=False, default=0),
    # The room has an owner while a broadcast is on or somebody came by lately.
    timestamptz("touched_at", nullable=True),
    # Somebody of the crew looks at the console until then: the board is worth computing.
    timestamptz("crew_until", nullable=True),
    created_at(),
    CheckConstraint("slow_mode_seconds >= 0", name="slow_mode_not_negative"),
    Index(None, "host_id"),
    Index(None, "touched_at"),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

follows = Table(
    "follows",
    metadata,
    id_column(),
    uuid_column("room_id"),
    uuid_column("person_id"),
    uuid_column("broadcast_id", nullable=True),
    timestamptz("followed_at"),
    timestamptz("unfollowed_at", nullable=True),
    Index("uq_follows_current", "room_id", "person_id", unique=True, postgresql_where=text("unfollowed_at IS NULL")),
    Index(None, "broadcast_id"),
    Index(None, "person_id"),
    ForeignKeyConstraint(["room_id"], ["stage.rooms.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

demo_persons = Table(
    "demo_persons",
    metadata,
    uuid_column("person_id", primary_key=True),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)
