"""What each settled order gave to whom, line by line, and what refunds have taken back; the ledger's entries say the same."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint, text

from kaibo.kernel.db import fen, id_column, metadata, not_negative, timestamptz, uuid_column
from kaibo.kernel.distribution import distributed
from kaibo.trade.settlement.rules import SHARES

settlements = Table(
    "settlements",
    metadata,
    id_column("order_id"),
    uuid_column("shop_id"),
    uuid_column("creator_id", nullable=True),
    uuid_column("agency_id", nullable=True),
    uuid_column("leader_id", nullable=True),
    # what was left of the buyer's payment, and what the platform paid for its discounts
    fen("total_fen"),
    fen("subsidy_fen", server_default=text("0")),
    # of subsidy_fen: what points paid
    fen("points_fen", server_default=text("0")),
    fen("merchant_fen"),
    fen("creator_fen"),
    fen("agency_fen", server_default=text("0")),
    fen("leader_fen", server_default=text("0")),
    fen("platform_fen"),
    timestamptz("at"),
    CheckConstraint(
        "merchant_fen + creator_fen + agency_fen + leader_fen + platform_fen = total_fen + subsidy_fen",
        name="parts_sum_to_total",
    ),
    Index(None, "shop_id", "at"),
    Index(None, "creator_id", "at", postgresql_where=text("creator_id IS NOT NULL")),
    Index(None, "agency_id", "at", postgresql_where=text("agency_id IS NOT NULL")),
    Index(None, "leader_id", "at", postgresql_where=text("leader_id IS NOT NULL")),
    schema="trade",
    info=distributed("shop_id", group="shop"),
)

settlement_lines = Table(
    "settlement_lines",
    metadata,
    id_column("line_id"),
    Column("order_id", ForeignKey(settlements.c.order_id), nullable=False),
    uuid_column("shop_id"),
    *(fen(name) if name != "points_fen" else fen(name, server_default=text("0")) for name in SHARES),
    *not_negative(*SHARES),
    CheckConstraint("points_fen <= subsidy_fen", name="points_within_subsidy"),
    Index(None, "order_id"),
    schema="trade",
    info=distributed("shop_id", group="shop"),
)

take_backs = Table(
    "settlement_take_backs",
    metadata,
    id_column(),
    Column("key", Text, nullable=False),
    Column("line_id", ForeignKey(settlement_lines.c.line_id), nullable=False),
    Column("order_id", ForeignKey(settlements.c.order_id), nullable=False),
    uuid_column("shop_id"),
    *(fen(name) if name != "points_fen" else fen(name, server_default=text("0")) for name in SHARES),
    Column("by", Text, nullable=False),
    timestamptz("at"),
    *not_negative(*SHARES),
    UniqueConstraint("key", "line_id"),
    Index(None, "order_id"),
    schema="trade",
    info=distributed(
        "shop_id",
        group="shop",
        unique_within={"uq_settlement_take_backs_key_line_id": "a line is of one order, and that of one shop"},
    ),
)
