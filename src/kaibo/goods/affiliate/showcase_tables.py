"""Creators' showcases, and the touches that remember through whom a buyer saw a product."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import distributed, local

showcases = Table(
    "showcases",
    metadata,
    id_column("creator_id"),
    Column("intro", Text, nullable=False),
    created_at("updated_at"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)

showcase_items = Table(
    "showcase_items",
    metadata,
    uuid_column("creator_id", primary_key=True),
    Column("product_id", ForeignKey("goods.products.id"), primary_key=True),
    # 1..n without gaps
    Column("position", Integer, nullable=False),
    created_at("added_at"),
    Index(None, "product_id"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)

# One row a buyer, product and creator, and only for the window of attribution: see docs/attribution.md.
touches = Table(
    "touches",
    metadata,
    uuid_column("buyer_id", primary_key=True),
    Column("product_id", ForeignKey("goods.products.id"), primary_key=True),
    uuid_column("creator_id", primary_key=True),
    Column("kind", Text, nullable=False),
    uuid_column("source_id"),
    uuid_column("source_item", nullable=True),
    Column("title", Text, nullable=False),
    timestamptz("at"),
    Index(None, "at"),
    schema="goods",
    info=distributed("buyer_id", group="buyer"),
)
