"""Points: the terms, the lots they come in, every movement of a lot, and what each order took."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from kaibo.kernel.db import created_at, fen, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import distributed, local

point_terms = Table(
    "point_terms",
    metadata,
    id_column(),
    # the newest row holds; all older ones are the record
    Column("on", Boolean, nullable=False),
    Column("earn_fen_per_point", Integer, nullable=False),
    Column("spend_points_per_fen", Integer, nullable=False),
    Column("cap_bps", Integer, nullable=False),
    Column("expire_months", Integer, nullable=False),
    timestamptz("at"),
    uuid_column("actor_id"),
    CheckConstraint("earn_fen_per_point > 0 AND spend_points_per_fen > 0 AND expire_months > 0", name="terms_positive"),
    CheckConstraint("cap_bps BETWEEN 1 AND 10000", name="cap_in_range"),
    schema="trade",
    info=local("a row for each time an operator changed the terms"),
)

point_accounts = Table(
    "point_accounts",
    metadata,
    # the buyer's id. Whoever moves a buyer's points locks this row first
    uuid_column("id", primary_key=True),
    created_at(),
    schema="trade",
    info=distributed("id", group="buyer"),
)

point_lots = Table(
    "point_lots",
    metadata,
    id_column(),
    Column("buyer_id", ForeignKey(point_accounts.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    # the sum of its entries; below zero where more was taken back than was there
    Column("left_points", BigInteger, nullable=False),
    uuid_column("order_id", nullable=True),
    # the rate that it was earned at; a refund takes back by the same
    Column("earn_fen_per_point", Integer),
    timestamptz("at"),
    timestamptz("expires_at"),
    CheckConstraint("kind IN ('earned', 'returned')", name="kind_known"),
    CheckConstraint("points > 0 AND left_points <= points", name="left_within_points"),
    CheckConstraint("(kind = 'earned') = (earn_fen_per_point IS NOT NULL)", name="earned_at_a_rate"),
    Index("uq_point_lots_earned", "order_id", unique=True, postgresql_where=text("kind = 'earned'")),
    Index("ix_point_lots_not_empty", "buyer_id", postgresql_where=text("left_points <> 0")),
    Index("ix_point_lots_to_expire", "expires_at", postgresql_where=text("left_points > 0")),
    schema="trade",
    info=distributed(
        "buyer_id",
        group="buyer",
        unique_within={"uq_point_lots_earned": "an order is of one buyer, who earns by it once"},
    ),
)

point_entries = Table(
    "point_entries",
    metadata,
    id_column(),
    # entries of one happening share it; the buyer's history is in its order
    uuid_column("event_id"),
    Column("lot_id", ForeignKey(point_lots.c.id), nullable=False),
    uuid_column("buyer_id"),
    Column("kind", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    uuid_column("order_id", nullable=True),
    timestamptz("at"),
    CheckConstraint(
        "kind IN ('earned', 'used', 'released', 'returned', 'taken_back', 'expired', 'offset')", name="kind_known"
    ),
    CheckConstraint(
        "points <> 0 AND (kind = 'offset' OR (points > 0) = (kind IN ('earned', 'released', 'returned')))",
        name="points_of_kind",
    ),
    Index("ix_point_entries_history", "buyer_id", "event_id"),
    Index("ix_point_entries_lot", "lot_id"),
    Index("ix_point_entries_order", "order_id", postgresql_where=text("order_id IS NOT NULL")),
    Index("ix_point_entries_at", "at"),
    schema="trade",
    info=distributed("buyer_id", group="buyer"),
)

point_uses = Table(
    "point_uses",
    metadata,
    # before the order is stored: who holds points and wants stock never waits for one who does the reverse
    uuid_column("order_id", primary_key=True),
    uuid_column("checkout_id"),
    uuid_column("buyer_id"),
    uuid_column("shop_id"),
    Column("state", Text, nullable=False),
    # what the points pay of the order, at the rate of that moment
    fen("fen"),
    Column("points_per_fen", Integer, nullable=False),
    # of fen: came back to the buyer with refunds
    fen("returned_fen", server_default=text("0")),
    timestamptz("held_at"),
    timestamptz("changed_at"),
    CheckConstraint("state IN ('held', 'spent', 'released')", name="state_known"),
    CheckConstraint("fen > 0 AND points_per_fen > 0", name="amounts_positive"),
    CheckConstraint("returned_fen BETWEEN 0 AND fen", name="returned_within_fen"),
    Index("ix_point_uses_checkout", "checkout_id"),
    schema="trade",
    info=distributed("shop_id", group="shop"),
)
