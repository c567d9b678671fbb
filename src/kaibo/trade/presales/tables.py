"""Presales, and what of an order belongs to one."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from kaibo.kernel.db import created_at, fen, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local
from kaibo.trade.orders.tables import orders

presales = Table(
    "presales",
    metadata,
    id_column(),
    uuid_column("shop_id"),
    uuid_column("product_id"),
    uuid_column("sku_id"),
    # a piece: the presale's price, what is paid first, and what that takes off the price
    fen("price_fen"),
    fen("deposit_fen"),
    fen("counts_as_fen"),
    timestamptz("deposit_from"),
    timestamptz("deposit_until"),
    timestamptz("balance_from"),
    timestamptz("balance_until"),
    Column("ship_days", Integer, nullable=False),
    Column("pieces_max", Integer, nullable=False),
    uuid_column("actor_id"),
    created_at(),
    # the merchant takes no more deposits; the merchant cannot keep the promise
    timestamptz("stopped_at", nullable=True),
    timestamptz("failed_at", nullable=True),
    Column("failed_why", Text),
    CheckConstraint(
        "deposit_fen > 0 AND counts_as_fen >= deposit_fen AND counts_as_fen < price_fen", name="parts_of_price"
    ),
    CheckConstraint(
        "deposit_from < deposit_until AND deposit_until <= balance_from AND balance_from < balance_until",
        name="windows_ordered",
    ),
    CheckConstraint("ship_days > 0 AND pieces_max > 0", name="limits_positive"),
    Index("ix_presales_of_shop", "shop_id", "id"),
    Index("ix_presales_of_product", "product_id", "deposit_until"),
    schema="trade",
    info=local("a few a shop; orders of presales lead here"),
)

presale_orders = Table(
    "presale_orders",
    metadata,
    Column("order_id", ForeignKey(orders.c.id), primary_key=True),
    Column("presale_id", ForeignKey(presales.c.id), nullable=False),
    uuid_column("shop_id"),
    uuid_column("buyer_id"),
    Column("quantity", Integer, nullable=False),
    # of the whole order, as promised when it was placed
    fen("deposit_fen"),
    fen("counts_as_fen"),
    timestamptz("balance_from"),
    timestamptz("balance_until"),
    Column("ship_days", Integer, nullable=False),
    created_at(),
    timestamptz("reserved_at", nullable=True),
    # credited | kept | doubled; NULL while nothing has become of the deposit
    Column("outcome", Text),
    fen("owed_fen", default=0),
    timestamptz("decided_at", nullable=True),
    CheckConstraint("outcome IN ('credited', 'kept', 'doubled')", name="outcome_known"),
    CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="outcome_dated"),
    CheckConstraint("outcome IS NULL OR reserved_at IS NOT NULL", name="outcome_of_a_deposit"),
    Index("ix_presale_orders_presale", "presale_id", "order_id"),
    schema="trade",
    info=local("beside its order's lines; written with the order itself"),
)
