"""Which products a merchant gives samples of; every sample with its history."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

sample_offers = Table(
    "sample_offers",
    metadata,
    Column("product_id", ForeignKey("goods.products.id"), primary_key=True),
    uuid_column("shop_id", index=True),
    Column("sku_id", ForeignKey("goods.skus.id"), nullable=False),
    Column("monthly_max", Integer, nullable=False),
    # NULL: the creator keeps it
    Column("return_days", Integer),
    Column("note", Text, nullable=False),
    uuid_column("updated_by"),
    created_at("updated_at"),
    CheckConstraint("monthly_max > 0", name="monthly_max_positive"),
    CheckConstraint("return_days > 0", name="return_days_positive"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)

samples = Table(
    "samples",
    metadata,
    id_column(),
    Column("product_id", ForeignKey("goods.products.id"), nullable=False),
    Column("sku_id", ForeignKey("goods.skus.id"), nullable=False),
    uuid_column("shop_id"),
    uuid_column("creator_id"),
    Column("state", Text, nullable=False),
    Column("message", Text, nullable=False),
    # where it goes; forgotten as soon as the sample is closed
    Column("address", JSONB),
    Column("return_days", Integer),
    Column("reason", Text),
    Column("carrier", Text),
    Column("tracking_number", Text),
    Column("return_carrier", Text),
    Column("return_tracking_number", Text),
    created_at("asked_at"),
    timestamptz("shipped_at", nullable=True),
    timestamptz("received_at", nullable=True),
    # when the present state has to be left; NULL where it may last
    timestamptz("due_at", nullable=True),
    created_at("changed_at"),
    Index(None, "shop_id", "state", "id"),
    Index(None, "creator_id", "id"),
    Index(None, "product_id", "asked_at"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)

sample_entries = Table(
    "sample_entries",
    metadata,
    id_column(),
    Column("sample_id", ForeignKey("goods.samples.id"), nullable=False, index=True),
    Column("step", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    uuid_column("actor_id", nullable=True),
    Column("said", Text, nullable=False),
    created_at("at"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)
