"""Invoices, and the shop's private notes on orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5b798a8fa617"
down_revision = "b75bc50f128f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title_kind", sa.Text(), nullable=False),
        sa.Column("title_name", sa.Text(), nullable=False),
        sa.Column("tax_number", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("document_kind", sa.Text(), nullable=True),
        sa.Column("document_sha256", sa.Text(), nullable=True),
        sa.Column("refused_why", sa.Text(), nullable=True),
        sa.Column("red_number", sa.Text(), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'reversed') = (red_number IS NOT NULL)", name=op.f("ck_invoices_reversed_with_number")
        ),
        sa.CheckConstraint(
            "(title_kind = 'company') = (tax_number IS NOT NULL)", name=op.f("ck_invoices_companies_have_tax_numbers")
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'issuing', 'issued', 'refused', 'withdrawn', 'reversed')",
            name=op.f("ck_invoices_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('issued', 'reversed') OR (number IS NOT NULL AND amount_fen IS NOT NULL AND document IS NOT NULL)",
            name=op.f("ck_invoices_issued_with_document"),
        ),
        sa.CheckConstraint("title_kind IN ('personal', 'company')", name=op.f("ck_invoices_title_kind_known")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_invoices_amount_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["trade.orders.id"], name=op.f("fk_invoices_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        schema="trade",
    )
    op.create_index("ix_invoices_order", "invoices", ["order_id", "id"], unique=False, schema="trade")
    op.create_index("ix_invoices_queue", "invoices", ["shop_id", "state", "id"], unique=False, schema="trade")
    op.create_index(
        "uq_invoices_live",
        "invoices",
        ["order_id"],
        unique=True,
        schema="trade",
        postgresql_where=sa.text("state IN ('asked', 'issuing', 'issued')"),
    )
    op.create_index(
        "uq_invoices_number",
        "invoices",
        ["shop_id", "number"],
        unique=True,
        schema="trade",
        postgresql_where=sa.text("number IS NOT NULL"),
    )
    op.create_table(
        "order_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["trade.orders.id"], name=op.f("fk_order_notes_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_notes")),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_order_notes_order_id_trade_order_notes_id"),
        "order_notes",
        ["order_id", "id"],
        unique=False,
        schema="trade",
    )


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
