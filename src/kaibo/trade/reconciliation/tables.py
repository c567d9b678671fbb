"""Reconciled days and their differences."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, Table, Text, UniqueConstraint

from kaibo.kernel.db import fen, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

days = Table(
    "reconciliation_days",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("rows", Integer, nullable=False),
    fen("charged_fen"),
    fen("refunded_fen"),
    fen("fee_fen"),
    timestamptz("compared_at"),
    timestamptz("closed_at", nullable=True),
    uuid_column("closed_by", nullable=True),
    schema="trade",
    info=local("written by hand or once a day"),
)

differences = Table(
    "reconciliation_differences",
    metadata,
    id_column(),
    Column("provider", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("wrong", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("out_no", Text, nullable=False),
    fen("provider_fen"),
    fen("house_fen"),
    fen("difference_fen"),
    Column("state", Text, nullable=False),
    Column("note", Text),
    Column("linked_to", Text),
    uuid_column("done_by", nullable=True),
    timestamptz("done_at", nullable=True),
    UniqueConstraint("provider", "day", "wrong", "kind", "out_no"),
    CheckConstraint("state IN ('open', 'accepted', 'linked', 'gone')", name="state_known"),
    Index(None, "state", "day"),
    schema="trade",
    info=local("written by hand or once a day"),
)
