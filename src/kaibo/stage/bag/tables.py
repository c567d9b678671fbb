"""Bag items. A removed item stays as a row: its sales belong to the broadcast."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, Table, text

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

bag_items = Table(
    "bag_items",
    metadata,
    id_column(),
    uuid_column("broadcast_id"),
    uuid_column("product_id"),
    uuid_column("shop_id"),
    # 1..n without gaps; kept on a removed item as it was last seen.
    Column("number", Integer, nullable=False),
    created_at("added_at"),
    uuid_column("added_by"),
    timestamptz("removed_at", nullable=True),
    Index(
        "uq_bag_items_product", "broadcast_id", "product_id", unique=True, postgresql_where=text("removed_at IS NULL")
    ),
    Index(None, "broadcast_id", "number"),
    Index(None, "product_id"),
    ForeignKeyConstraint(["broadcast_id"], ["stage.broadcasts.id"]),
    schema="stage",
    info=local("a room has one owner, whose writes are summed up before they arrive here"),
)
