"""Presales: a deposit, then the balance. Orders know their deposit, charges which part they pay.

Orders and charges that exist are paid whole, which is what the defaults say.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "36ee4d4fd62d"
down_revision = "f208af87cb0b"
branch_labels = None
depends_on = None

STATES = (
    "'placed', 'reserved', 'paid', 'shipped', 'received', 'settled', 'cancelled', 'expired', 'refunding', 'refunded'"
)
KINDS = "'before_shipping', 'late_payment', 'aftersales', 'group_failed', 'presale_failed', 'price_protection'"
CHECKS = (
    ("orders", "state_known", f"state IN ({STATES})"),
    ("orders", "deposit_below_total", "deposit_fen BETWEEN 0 AND total_fen - 1"),
    ("charges", "part_known", "part IN ('whole', 'deposit', 'balance')"),
    ("refunds", "kind_known", f"kind IN ({KINDS})"),
)


def upgrade() -> None:
    op.create_table(
        "presales",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("deposit_fen", sa.BigInteger(), nullable=False),
        sa.Column("counts_as_fen", sa.BigInteger(), nullable=False),
        sa.Column("deposit_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deposit_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("balance_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("balance_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ship_days", sa.Integer(), nullable=False),
        sa.Column("pieces_max", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "deposit_fen > 0 AND counts_as_fen >= deposit_fen AND counts_as_fen < price_fen",
            name=op.f("ck_presales_parts_of_price"),
        ),
        sa.CheckConstraint(
            "deposit_from < deposit_until AND deposit_until <= balance_from AND balance_from < balance_until",
            name=op.f("ck_presales_windows_ordered"),
        ),
        sa.CheckConstraint("ship_days > 0 AND pieces_max > 0", name=op.f("ck_presales_limits_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presales")),
        schema="trade",
    )
    op.create_index("ix_presales_of_product", "presales", ["product_id", "deposit_until"], unique=False, schema="trade")
    op.create_index("ix_presales_of_shop", "presales", ["shop_id", "id"], unique=False, schema="trade")
    op.create_table(
        "presale_orders",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("presale_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("deposit_fen", sa.BigInteger(), nullable=False),
        sa.Column("counts_as_fen", sa.BigInteger(), nullable=False),
        sa.Column("balance_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("balance_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ship_days", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("owed_fen", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("outcome IN ('credited', 'kept', 'doubled')", name=op.f("ck_presale_orders_outcome_known")),
        sa.CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name=op.f("ck_presale_orders_outcome_dated")),
        sa.CheckConstraint(
            "outcome IS NULL OR reserved_at IS NOT NULL", name=op.f("ck_presale_orders_outcome_of_a_deposit")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["trade.orders.id"], name=op.f("fk_presale_orders_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["presale_id"], ["trade.presales.id"], name=op.f("fk_presale_orders_presale_id_presales")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_presale_orders")),
        schema="trade",
    )
    op.create_index(
        "ix_presale_orders_presale", "presale_orders", ["presale_id", "order_id"], unique=False, schema="trade"
    )
    op.alter_column("buyer_payouts", "case_id", existing_type=sa.UUID(), nullable=True, schema="trade")
    op.add_column(
        "charges", sa.Column("part", sa.Text(), server_default=sa.text("'whole'"), nullable=False), schema="trade"
    )
    op.drop_index(
        op.f("uq_charges_paid"), table_name="charges", schema="trade", postgresql_where="(state = 'paid'::text)"
    )
    op.create_index(
        "uq_charges_paid",
        "charges",
        ["checkout_id", "part"],
        unique=True,
        schema="trade",
        postgresql_where=sa.text("state = 'paid'"),
    )
    op.add_column(
        "orders", sa.Column("deposit_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False), schema="trade"
    )
    op.add_column("orders", sa.Column("balance_from", sa.DateTime(timezone=True), nullable=True), schema="trade")
    for table, name, check in CHECKS:
        op.execute(f"ALTER TABLE trade.{table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
        op.execute(f"ALTER TABLE trade.{table} ADD CONSTRAINT ck_{table}_{name} CHECK ({check})")


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
