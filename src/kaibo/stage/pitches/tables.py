"""Pitches with both clocks, and who asked for one."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Table, text

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

pitches = Table(
    "pitches",
    metadata,
    id_column(),
    uuid_column("broadcast_id"),
    uuid_column("item_id"),
    uuid_column("started_by"),
    timestamptz("started_at"),
    timestamptz("ended_at", nullable=True),
    # The recording's clock: milliseconds from the first frame of that file. Set when the file is closed.
    uuid_column("recording_id", nullable=True),
    Column("start_ms", BigInteger),
    Column("end_ms", BigInteger),
    Index("uq_pitches_running", "broadcast_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index(None, "item_id", "started_at"),
    ForeignKeyConstraint(["broadcast_id"], ["stage.broadcasts.id"]),
    ForeignKeyConstraint(["item_id"], ["stage.bag_items.id"]),
    ForeignKeyConstraint(["recording_id"], ["stage.recordings.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

pitch_requests = Table(
    "pitch_requests",
    metadata,
    id_column(),
    uuid_column("broadcast_id"),
    uuid_column("item_id"),
    uuid_column("viewer_id"),
    created_at("at"),
    timestamptz("answered_at", nullable=True),
    Index("uq_pitch_requests_open", "item_id", "viewer_id", unique=True, postgresql_where=text("answered_at IS NULL")),
    Index(None, "broadcast_id"),
    ForeignKeyConstraint(["broadcast_id"], ["stage.broadcasts.id"]),
    ForeignKeyConstraint(["item_id"], ["stage.bag_items.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)
