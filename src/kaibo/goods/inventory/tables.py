"""Stock, what orders hold of it, and the entries that every change of it leaves."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from kaibo.kernel.db import created_at, fen, id_column, metadata, not_negative, uuid_column
from kaibo.kernel.distribution import distributed

stock = Table(
    "stock",
    metadata,
    Column("sku_id", ForeignKey("goods.skus.id"), primary_key=True),
    Column("product_id", ForeignKey("goods.products.id"), nullable=False, index=True),
    uuid_column("shop_id"),
    # pieces in the warehouse; held pieces are among them
    Column("stock", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False, default=0),
    Column("sold", BigInteger, nullable=False, default=0),
    *not_negative("stock", "held", "sold"),
    CheckConstraint("held <= stock", name="held_within_stock"),
    schema="goods",
    info=distributed("shop_id", group="shop"),
)

holds = Table(
    "holds",
    metadata,
    uuid_column("order_id", primary_key=True),
    Column("sku_id", ForeignKey("goods.skus.id"), primary_key=True),
    uuid_column("shop_id"),
    Column("quantity", BigInteger, nullable=False),
    uuid_column("buyer_id", nullable=True),
    # held -> released | consumed; consumed -> returned
    Column("state", Text, nullable=False),
    # of a consumed hold: pieces that came back on sale one by one
    Column("returned", BigInteger, nullable=False, server_default=text("0")),
    created_at(),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("returned BETWEEN 0 AND quantity", name="returned_within"),
    Index(None, "sku_id", "buyer_id"),
    schema="goods",
    info=distributed("shop_id", group="shop"),
)

stock_entries = Table(
    "stock_entries",
    metadata,
    id_column(),
    Column("sku_id", ForeignKey("goods.skus.id"), nullable=False),
    uuid_column("shop_id"),
    Column("delta", BigInteger, nullable=False),
    Column("stock_after", BigInteger, nullable=False),
    # opened, adjusted, imported, edited, sold, returned, replaced
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    uuid_column("order_id", nullable=True),
    uuid_column("actor_id", nullable=True),
    # of a sale: what a piece was traded for (see windows/traded.py)
    fen("unit_fen", nullable=True),
    created_at("at"),
    Index(None, "sku_id", "at"),
    schema="goods",
    info=distributed("shop_id", group="shop"),
)
