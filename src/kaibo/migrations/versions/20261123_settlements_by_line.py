"""Settlements know agency, leader and the platform's discounts, keep each line's shares, and what refunds took back of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "43c9555c2538"
down_revision = "292e20d5a1fe"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settlement_lines",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_fen", sa.BigInteger(), nullable=False),
        sa.Column("creator_fen", sa.BigInteger(), nullable=False),
        sa.Column("agency_fen", sa.BigInteger(), nullable=False),
        sa.Column("leader_fen", sa.BigInteger(), nullable=False),
        sa.Column("platform_fen", sa.BigInteger(), nullable=False),
        sa.Column("freight_fen", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("agency_fen >= 0", name=op.f("ck_settlement_lines_agency_fen_not_negative")),
        sa.CheckConstraint("creator_fen >= 0", name=op.f("ck_settlement_lines_creator_fen_not_negative")),
        sa.CheckConstraint("freight_fen >= 0", name=op.f("ck_settlement_lines_freight_fen_not_negative")),
        sa.CheckConstraint("leader_fen >= 0", name=op.f("ck_settlement_lines_leader_fen_not_negative")),
        sa.CheckConstraint("merchant_fen >= 0", name=op.f("ck_settlement_lines_merchant_fen_not_negative")),
        sa.CheckConstraint("platform_fen >= 0", name=op.f("ck_settlement_lines_platform_fen_not_negative")),
        sa.CheckConstraint("subsidy_fen >= 0", name=op.f("ck_settlement_lines_subsidy_fen_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["trade.settlements.order_id"], name=op.f("fk_settlement_lines_order_id_settlements")
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_settlement_lines")),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_settlement_lines_order_id"), "settlement_lines", ["order_id"], unique=False, schema="trade"
    )
    op.create_table(
        "settlement_take_backs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_fen", sa.BigInteger(), nullable=False),
        sa.Column("creator_fen", sa.BigInteger(), nullable=False),
        sa.Column("agency_fen", sa.BigInteger(), nullable=False),
        sa.Column("leader_fen", sa.BigInteger(), nullable=False),
        sa.Column("platform_fen", sa.BigInteger(), nullable=False),
        sa.Column("freight_fen", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_fen", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("agency_fen >= 0", name=op.f("ck_settlement_take_backs_agency_fen_not_negative")),
        sa.CheckConstraint("creator_fen >= 0", name=op.f("ck_settlement_take_backs_creator_fen_not_negative")),
        sa.CheckConstraint("freight_fen >= 0", name=op.f("ck_settlement_take_backs_freight_fen_not_negative")),
        sa.CheckConstraint("leader_fen >= 0", name=op.f("ck_settlement_take_backs_leader_fen_not_negative")),
        sa.CheckConstraint("merchant_fen >= 0", name=op.f("ck_settlement_take_backs_merchant_fen_not_negative")),
        sa.CheckConstraint("platform_fen >= 0", name=op.f("ck_settlement_take_backs_platform_fen_not_negative")),
        sa.CheckConstraint("subsidy_fen >= 0", name=op.f("ck_settlement_take_backs_subsidy_fen_not_negative")),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["trade.settlement_lines.line_id"],
            name=op.f("fk_settlement_take_backs_line_id_settlement_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["trade.settlements.order_id"], name=op.f("fk_settlement_take_backs_order_id_settlements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_take_backs")),
        sa.UniqueConstraint("key", "line_id", name=op.f("uq_settlement_take_backs_key_line_id")),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_settlement_take_backs_order_id"),
        "settlement_take_backs",
        ["order_id"],
        unique=False,
        schema="trade",
    )
    op.add_column("settlements", sa.Column("agency_id", sa.Uuid(), nullable=True), schema="trade")
    op.add_column("settlements", sa.Column("leader_id", sa.Uuid(), nullable=True), schema="trade")
    op.add_column(
        "settlements",
        sa.Column("subsidy_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="trade",
    )
    op.add_column(
        "settlements",
        sa.Column("agency_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="trade",
    )
    op.add_column(
        "settlements",
        sa.Column("leader_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_settlements_agency_id_trade_settlements_at"),
        "settlements",
        ["agency_id", "at"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("agency_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_trade_settlements_creator_id_trade_settlements_at"),
        "settlements",
        ["creator_id", "at"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("creator_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_trade_settlements_leader_id_trade_settlements_at"),
        "settlements",
        ["leader_id", "at"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("leader_id IS NOT NULL"),
    )
    op.drop_constraint("ck_settlements_parts_sum_to_total", "settlements", schema="trade")
    op.create_check_constraint(
        op.f("ck_settlements_parts_sum_to_total"),
        "settlements",
        "merchant_fen + creator_fen + agency_fen + leader_fen + platform_fen = total_fen + subsidy_fen",
        schema="trade",
    )


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
