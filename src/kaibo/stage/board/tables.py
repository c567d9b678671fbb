"""Sales of a broadcast, as the trade wing's events told them. One row an order, whichever event came first."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, Table, Text

from kaibo.kernel.db import metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

sales = Table(
    "sales",
    metadata,
    uuid_column("order_id", primary_key=True),
    uuid_column("broadcast_id"),
    uuid_column("item_id", nullable=True),
    uuid_column("buyer_id"),
    Column("traffic_source", Text, nullable=False),
    Column("total_fen", BigInteger, nullable=False),
    timestamptz("placed_at", nullable=True),
    timestamptz("paid_at", nullable=True),
    timestamptz("refunded_at", nullable=True),
    Column("refund_fen", BigInteger, nullable=False, default=0),
    Index(None, "broadcast_id", "paid_at"),
    ForeignKeyConstraint(["broadcast_id"], ["stage.broadcasts.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)

sale_lines = Table(
    "sale_lines",
    metadata,
    uuid_column("order_id", primary_key=True),
    uuid_column("item_id", primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("line_fen", BigInteger, nullable=False),
    Index(None, "item_id"),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)
