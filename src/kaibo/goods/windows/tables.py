"""Price windows, what orders took at their prices, and the entries that every change of one leaves."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from kaibo.kernel.db import created_at, fen, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

price_windows = Table(
    "price_windows",
    metadata,
    id_column(),
    uuid_column("shop_id"),
    Column("product_id", ForeignKey("goods.products.id"), nullable=False),
    Column("sku_id", ForeignKey("goods.skus.id"), nullable=False),
    # the only room where it counts; without one it counts on the shelf, which is everywhere
    uuid_column("room_id", nullable=True),
    Column("title", Text, nullable=False),
    fen("price_fen"),
    fen("struck_fen", nullable=True),
    # the struck price was found lawful when the window opened; before that it is not shown
    Column("struck_checked", Boolean, nullable=False, server_default=text("false")),
    Column("per_buyer_max", Integer),
    # pieces of its own; orders took `taken` of them
    Column("pieces", BigInteger),
    Column("taken", BigInteger, nullable=False, server_default=text("0")),
    timestamptz("starts_at"),
    timestamptz("ends_at"),
    timestamptz("opened_at", nullable=True),
    timestamptz("stopped_at", nullable=True),
    uuid_column("actor_id"),
    created_at(),
    CheckConstraint("price_fen > 0", name="price_positive"),
    CheckConstraint("struck_fen > price_fen", name="struck_above_price"),
    CheckConstraint("starts_at < ends_at", name="times_in_order"),
    CheckConstraint("per_buyer_max > 0", name="per_buyer_positive"),
    CheckConstraint("taken >= 0 AND taken <= pieces", name="taken_within_pieces"),
    Index("ix_price_windows_sku", "sku_id", "ends_at", postgresql_where=text("stopped_at IS NULL")),
    Index("ix_price_windows_shop", "shop_id", "ends_at"),
    schema="goods",
    info=local("beside the SKUs, which every order reads"),
)

window_takes = Table(
    "window_takes",
    metadata,
    uuid_column("order_id", primary_key=True),
    Column("window_id", ForeignKey("goods.price_windows.id"), primary_key=True),
    uuid_column("buyer_id"),
    Column("quantity", BigInteger, nullable=False),
    # taken <-> released
    Column("state", Text, nullable=False),
    created_at(),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("state IN ('taken', 'released')", name="state_known"),
    Index(None, "window_id", "buyer_id"),
    schema="goods",
    info=local("beside its window, by the order"),
)

window_entries = Table(
    "window_entries",
    metadata,
    id_column(),
    Column("window_id", ForeignKey("goods.price_windows.id"), nullable=False, index=True),
    Column("sku_id", ForeignKey("goods.skus.id"), nullable=False),
    # set, opened, struck_dropped, stopped, ended
    Column("what", Text, nullable=False),
    fen("price_fen"),
    fen("struck_fen", nullable=True),
    timestamptz("starts_at"),
    timestamptz("ends_at"),
    # nobody: the clock
    uuid_column("actor_id", nullable=True),
    created_at("at"),
    Index(None, "sku_id", "at"),
    schema="goods",
    info=local("beside its window, by the SKU"),
)
