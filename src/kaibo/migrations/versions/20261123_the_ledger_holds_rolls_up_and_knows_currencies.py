"""The ledger holds, rolls up, and never mixes currencies.

GUARDS is a frozen copy of kaibo.trade.ledger.guards at this revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "998c4b76fae5"
down_revision = "3306cca49d07"
branch_labels = None
depends_on = None

GUARDS = (
    """
    CREATE OR REPLACE FUNCTION trade.ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger only appends: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', HINT = 'post a reversing transaction instead';
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION trade.ledger_require_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        wrong record;
    BEGIN
        SELECT transaction_id, count(*) AS legs, sum(fen) AS total INTO wrong
        FROM fresh GROUP BY transaction_id HAVING count(*) < 2 OR sum(fen) <> 0 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'a ledger transaction needs two entries or more that sum to zero, not % that sum to % fen',
                wrong.legs, wrong.total USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION trade.ledger_require_entries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM trade.ledger_entries WHERE transaction_id = NEW.id) THEN
            RAISE EXCEPTION 'a ledger transaction needs two entries or more that sum to zero, not 0'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    "CREATE OR REPLACE TRIGGER ledger_accounts_append_only BEFORE UPDATE OR DELETE ON trade.ledger_accounts FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_transactions_append_only BEFORE UPDATE OR DELETE ON trade.ledger_transactions FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON trade.ledger_entries FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_holds_append_only BEFORE UPDATE OR DELETE ON trade.ledger_holds FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_hold_entries_append_only BEFORE UPDATE OR DELETE ON trade.ledger_hold_entries FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_hold_ends_append_only BEFORE UPDATE OR DELETE ON trade.ledger_hold_ends FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_rollups_append_only BEFORE UPDATE OR DELETE ON trade.ledger_rollups FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_accounts_no_truncate BEFORE TRUNCATE ON trade.ledger_accounts FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_transactions_no_truncate BEFORE TRUNCATE ON trade.ledger_transactions FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON trade.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_holds_no_truncate BEFORE TRUNCATE ON trade.ledger_holds FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_hold_entries_no_truncate BEFORE TRUNCATE ON trade.ledger_hold_entries FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_hold_ends_no_truncate BEFORE TRUNCATE ON trade.ledger_hold_ends FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_rollups_no_truncate BEFORE TRUNCATE ON trade.ledger_rollups FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "DROP TRIGGER IF EXISTS ledger_entries_balance ON trade.ledger_entries",
    "CREATE TRIGGER ledger_entries_balance AFTER INSERT ON trade.ledger_entries REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_require_balance()",
    "DROP TRIGGER IF EXISTS ledger_transactions_balance ON trade.ledger_transactions",
    "CREATE CONSTRAINT TRIGGER ledger_transactions_balance AFTER INSERT ON trade.ledger_transactions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trade.ledger_require_entries()",
)


def upgrade() -> None:
    op.create_unique_constraint(
        op.f("uq_ledger_accounts_id_currency"), "ledger_accounts", ["id", "currency"], schema="trade"
    )
    op.create_table(
        "ledger_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("posting_key", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), server_default=sa.text("'CNY'"), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_holds")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_ledger_holds_id_currency")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_holds_key")),
        sa.UniqueConstraint("posting_key", name=op.f("uq_ledger_holds_posting_key")),
        schema="trade",
    )
    op.create_table(
        "ledger_hold_ends",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('posted', 'voided')", name=op.f("ck_ledger_hold_ends_outcome_known")),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["trade.ledger_holds.id"], name=op.f("fk_ledger_hold_ends_hold_id_ledger_holds")
        ),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_ledger_hold_ends")),
        schema="trade",
    )
    op.create_table(
        "ledger_hold_entries",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), server_default=sa.text("'CNY'"), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("fen <> 0", name=op.f("ck_ledger_hold_entries_fen_moves_something")),
        sa.ForeignKeyConstraint(
            ["account_id", "currency"],
            ["trade.ledger_accounts.id", "trade.ledger_accounts.currency"],
            name=op.f("fk_ledger_hold_entries_account_id_currency_ledger_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["hold_id", "currency"],
            ["trade.ledger_holds.id", "trade.ledger_holds.currency"],
            name=op.f("fk_ledger_hold_entries_hold_id_currency_ledger_holds"),
        ),
        sa.PrimaryKeyConstraint("hold_id", "account_id", name=op.f("pk_ledger_hold_entries")),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_ledger_hold_entries_account_id"),
        "ledger_hold_entries",
        ["account_id"],
        unique=False,
        schema="trade",
    )
    op.create_table(
        "ledger_rollups",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("moved_fen", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("after < upto", name=op.f("ck_ledger_rollups_covers_something")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["trade.ledger_accounts.id"], name=op.f("fk_ledger_rollups_account_id_ledger_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "upto", name=op.f("pk_ledger_rollups")),
        schema="trade",
    )
    op.create_index(op.f("ix_trade_ledger_rollups_upto"), "ledger_rollups", ["upto"], unique=False, schema="trade")
    op.add_column("ledger_accounts", sa.Column("scope", sa.Text(), nullable=True), schema="trade")
    op.drop_constraint(
        op.f("uq_ledger_accounts_kind_owner_id_currency"), "ledger_accounts", schema="trade", type_="unique"
    )
    op.create_unique_constraint(
        op.f("uq_ledger_accounts_kind_owner_id_scope_currency"),
        "ledger_accounts",
        ["kind", "owner_id", "scope", "currency"],
        schema="trade",
        postgresql_nulls_not_distinct=True,
    )
    op.add_column(
        "ledger_entries",
        sa.Column("currency", sa.Text(), server_default=sa.text("'CNY'"), nullable=False),
        schema="trade",
    )
    op.drop_constraint(
        op.f("fk_ledger_entries_account_id_ledger_accounts"), "ledger_entries", schema="trade", type_="foreignkey"
    )
    op.drop_constraint(
        op.f("fk_ledger_entries_transaction_id_ledger_transactions"),
        "ledger_entries",
        schema="trade",
        type_="foreignkey",
    )
    op.add_column(
        "ledger_transactions",
        sa.Column("currency", sa.Text(), server_default=sa.text("'CNY'"), nullable=False),
        schema="trade",
    )
    op.create_unique_constraint(
        op.f("uq_ledger_transactions_id_currency"), "ledger_transactions", ["id", "currency"], schema="trade"
    )
    op.create_foreign_key(
        op.f("fk_ledger_entries_transaction_id_currency_ledger_transactions"),
        "ledger_entries",
        "ledger_transactions",
        ["transaction_id", "currency"],
        ["id", "currency"],
        source_schema="trade",
        referent_schema="trade",
    )
    op.create_foreign_key(
        op.f("fk_ledger_entries_account_id_currency_ledger_accounts"),
        "ledger_entries",
        "ledger_accounts",
        ["account_id", "currency"],
        ["id", "currency"],
        source_schema="trade",
        referent_schema="trade",
    )
    op.drop_constraint("ck_ledger_accounts_currency_known", "ledger_accounts", schema="trade")
    op.create_check_constraint(
        op.f("ck_ledger_accounts_currency_iso_4217"), "ledger_accounts", "currency ~ '^[A-Z]{3}$'", schema="trade"
    )
    # Every payment so far came through WeChat Pay.
    op.execute("ALTER TABLE trade.ledger_accounts DISABLE TRIGGER ledger_accounts_append_only")
    op.execute("UPDATE trade.ledger_accounts SET scope = 'wechatpay' WHERE kind = 'gateway'")
    op.execute("ALTER TABLE trade.ledger_accounts ENABLE TRIGGER ledger_accounts_append_only")
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
