"""Products, SKUs, and the entries that every change of a price or of the review state leaves."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kaibo.kernel.db import created_at, fen, id_column, metadata, not_negative, timestamptz, uuid_column
from kaibo.kernel.distribution import local, reference

products = Table(
    "products",
    metadata,
    id_column(),
    uuid_column("shop_id"),
    Column("title", Text, nullable=False),
    Column("category_key", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("selling_points", ARRAY(Text), nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("service_tags", ARRAY(Text), nullable=False),
    fen("freight_fen"),
    Column("commission_bps", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("refusal_reason", Text),
    # title, its pinyin and the initials of its pinyin, in lower case
    Column("search_text", Text, nullable=False),
    created_at(),
    created_at("updated_at"),
    timestamptz("submitted_at", nullable=True),
    *not_negative("freight_fen", "commission_bps"),
    Index(None, "shop_id", "state", "id"),
    Index(None, "state", "id"),
    Index(None, "category_key", "id"),
    schema="goods",
    info=reference("read with every order, written by hand"),
)

product_pictures = Table(
    "product_pictures",
    metadata,
    Column("product_id", ForeignKey("goods.products.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("picture_id", ForeignKey("goods.pictures.id"), nullable=False),
    schema="goods",
    info=reference("read with every product, written by hand"),
)

skus = Table(
    "skus",
    metadata,
    id_column(),
    Column("product_id", ForeignKey("goods.products.id"), nullable=False, index=True),
    uuid_column("shop_id"),
    Column("name", Text, nullable=False),
    Column("code", Text),
    fen("price_fen"),
    Column("limit_per_buyer", Integer),
    Column("position", Integer, nullable=False),
    created_at(),
    # a SKU that was ever sold stays, so that old orders can still be read
    timestamptz("removed_at", nullable=True),
    CheckConstraint("price_fen > 0", name="price_positive"),
    CheckConstraint("limit_per_buyer > 0", name="limit_positive"),
    Index(
        "uq_skus_code", "shop_id", "code", unique=True, postgresql_where=text("removed_at IS NULL AND code IS NOT NULL")
    ),
    schema="goods",
    info=reference("read with every order, written by hand"),
)

price_entries = Table(
    "price_entries",
    metadata,
    id_column(),
    Column("sku_id", ForeignKey("goods.skus.id"), nullable=False),
    fen("price_fen"),
    uuid_column("actor_id"),
    created_at("at"),
    Index(None, "sku_id", "at"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)

review_entries = Table(
    "review_entries",
    metadata,
    id_column(),
    Column("product_id", ForeignKey("goods.products.id"), nullable=False, index=True),
    Column("step", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    uuid_column("actor_id"),
    created_at("at"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)
