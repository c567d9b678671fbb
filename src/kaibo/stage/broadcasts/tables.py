"""Broadcasts, and the live figures their cards show."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

broadcasts = Table(
    "broadcasts",
    metadata,
    id_column(),
    uuid_column("room_id"),
    uuid_column("host_id"),
    Column("title", Text, nullable=False),
    Column("cover_url", Text),
    Column("state", Text, nullable=False),
    Column("operator_name", Text, nullable=False),
    Column("marks", JSONB, nullable=False),
    Column("safety_notice", Text, nullable=False),
    # The seller notice as it stood at going live: evidence for three years.
    Column("sellers", JSONB, nullable=False),
    created_at(),
    uuid_column("created_by"),
    timestamptz("rehearsed_at", nullable=True),
    timestamptz("started_at", nullable=True),
    timestamptz("ended_at", nullable=True),
    Column("ended_why", Text),
    Column("ended_reason", Text),
    uuid_column("ended_by", nullable=True),
    CheckConstraint("state IN ('draft', 'rehearsal', 'live', 'ended')", name="state_known"),
    Index("uq_broadcasts_open", "room_id", unique=True, postgresql_where=text("state <> 'ended'")),
    Index(None, "room_id", "created_at"),
    Index("ix_broadcasts_live", "started_at", postgresql_where=text("state = 'live'")),
    ForeignKeyConstraint(["room_id"], ["stage.rooms.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

live_figures = Table(
    "live_figures",
    metadata,
    uuid_column("room_id", primary_key=True),
    uuid_column("broadcast_id", nullable=True),
    Column("online", Integer, nullable=False, default=0),
    Column("likes", BigInteger, nullable=False, default=0),
    Column("viewers_uv", Integer, nullable=False, default=0),
    timestamptz("updated_at"),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

minutes = Table(
    "minutes",
    metadata,
    uuid_column("broadcast_id", primary_key=True),
    timestamptz("at", primary_key=True),
    Column("online", Integer, nullable=False),
    Column("online_peak", Integer, nullable=False),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)
