"""Withdrawals, bank accounts, the terms they follow, deposits, and days reconciled with the payment providers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "4c7b51f47f44"
down_revision = "8c15a7e0f3d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bank_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("bank", sa.Text(), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("number_masked", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("owner_kind IN ('shop', 'creator', 'leader')", name=op.f("ck_bank_accounts_owner_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_accounts")),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_bank_accounts_owner_id_trade_bank_accounts_owner_kind_trade_bank_accounts_id"),
        "bank_accounts",
        ["owner_id", "owner_kind", "id"],
        unique=False,
        schema="trade",
    )
    op.create_table(
        "deposit_deductions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("fen > 0", name=op.f("ck_deposit_deductions_fen_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit_deductions")),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_deposit_deductions_shop_id_trade_deposit_deductions_id"),
        "deposit_deductions",
        ["shop_id", "id"],
        unique=False,
        schema="trade",
    )
    op.create_table(
        "money_terms",
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("settle_days", sa.Integer(), nullable=False),
        sa.Column("withdrawal_min_fen", sa.BigInteger(), nullable=False),
        sa.Column("withdrawal_fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("deposit_min_fen", sa.BigInteger(), nullable=False),
        sa.Column("deposit_grace_days", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "audience IN ('standard', 'trusted', 'new', 'creator')", name=op.f("ck_money_terms_audience_known")
        ),
        sa.CheckConstraint("deposit_grace_days >= 0", name=op.f("ck_money_terms_deposit_grace_days_not_negative")),
        sa.CheckConstraint("deposit_min_fen >= 0", name=op.f("ck_money_terms_deposit_min_fen_not_negative")),
        sa.CheckConstraint("settle_days >= 0", name=op.f("ck_money_terms_settle_days_not_negative")),
        sa.CheckConstraint("withdrawal_fee_fen >= 0", name=op.f("ck_money_terms_withdrawal_fee_fen_not_negative")),
        sa.CheckConstraint("withdrawal_min_fen >= 0", name=op.f("ck_money_terms_withdrawal_min_fen_not_negative")),
        sa.PrimaryKeyConstraint("audience", name=op.f("pk_money_terms")),
        schema="trade",
    )
    op.create_table(
        "reconciliation_days",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("charged_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("provider", "day", name=op.f("pk_reconciliation_days")),
        schema="trade",
    )
    op.create_table(
        "reconciliation_differences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("wrong", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("out_no", sa.Text(), nullable=False),
        sa.Column("provider_fen", sa.BigInteger(), nullable=False),
        sa.Column("house_fen", sa.BigInteger(), nullable=False),
        sa.Column("difference_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("linked_to", sa.Text(), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'linked', 'gone')", name=op.f("ck_reconciliation_differences_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_differences")),
        sa.UniqueConstraint(
            "provider",
            "day",
            "wrong",
            "kind",
            "out_no",
            name=op.f("uq_reconciliation_differences_provider_day_wrong_kind_out_no"),
        ),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_reconciliation_differences_state_trade_reconciliation_differences_day"),
        "reconciliation_differences",
        ["state", "day"],
        unique=False,
        schema="trade",
    )
    op.create_table(
        "shop_standings",
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_class", sa.Text(), server_default=sa.text("'standard'"), nullable=False),
        sa.Column("deposit_below_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "merchant_class IN ('standard', 'trusted', 'new')", name=op.f("ck_shop_standings_class_known")
        ),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_shop_standings")),
        schema="trade",
    )
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.CheckConstraint("owner_kind IN ('shop', 'creator', 'leader')", name=op.f("ck_withdrawals_owner_known")),
        sa.CheckConstraint(
            "state IN ('asked', 'approved', 'paid', 'refused', 'returned')", name=op.f("ck_withdrawals_state_known")
        ),
        sa.CheckConstraint("fee_fen >= 0 AND fen > fee_fen", name=op.f("ck_withdrawals_fee_below_amount")),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["trade.bank_accounts.id"], name=op.f("fk_withdrawals_bank_account_id_bank_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_withdrawals_owner_id_trade_withdrawals_owner_kind_trade_withdrawals_id"),
        "withdrawals",
        ["owner_id", "owner_kind", "id"],
        unique=False,
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_withdrawals_state_trade_withdrawals_id"),
        "withdrawals",
        ["state", "id"],
        unique=False,
        schema="trade",
    )


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
