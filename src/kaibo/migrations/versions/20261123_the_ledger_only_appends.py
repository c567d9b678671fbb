"""the ledger only appends, and only what sums to zero

A frozen copy of kaibo.trade.ledger.guards at this revision.
"""

from __future__ import annotations

from alembic import op

revision = "1ed9e6a0b001"
down_revision = "185788111aa8"
branch_labels = None
depends_on = None

GUARDS = (
    """    CREATE OR REPLACE FUNCTION trade.ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger only appends: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', HINT = 'post a reversing transaction instead';
    END $$
    """,
    """    CREATE OR REPLACE FUNCTION trade.ledger_require_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        legs bigint;
        total numeric;
    BEGIN
        SELECT count(*), coalesce(sum(fen), 0) INTO legs, total
        FROM trade.ledger_entries WHERE transaction_id = CASE TG_TABLE_NAME
            WHEN 'ledger_entries' THEN (to_jsonb(NEW) ->> 'transaction_id')::uuid ELSE (to_jsonb(NEW) ->> 'id')::uuid END;
        IF legs < 2 OR total <> 0 THEN
            RAISE EXCEPTION 'a ledger transaction needs two entries or more that sum to zero, not % that sum to % fen',
                legs, total USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    "CREATE OR REPLACE TRIGGER ledger_accounts_append_only BEFORE UPDATE OR DELETE ON trade.ledger_accounts FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_transactions_append_only BEFORE UPDATE OR DELETE ON trade.ledger_transactions FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON trade.ledger_entries FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_accounts_no_truncate BEFORE TRUNCATE ON trade.ledger_accounts FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_transactions_no_truncate BEFORE TRUNCATE ON trade.ledger_transactions FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "CREATE OR REPLACE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON trade.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()",
    "DROP TRIGGER IF EXISTS ledger_transactions_balance ON trade.ledger_transactions",
    "CREATE CONSTRAINT TRIGGER ledger_transactions_balance AFTER INSERT ON trade.ledger_transactions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trade.ledger_require_balance()",
    "DROP TRIGGER IF EXISTS ledger_entries_balance ON trade.ledger_entries",
    "CREATE CONSTRAINT TRIGGER ledger_entries_balance AFTER INSERT ON trade.ledger_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trade.ledger_require_balance()",
)


def upgrade() -> None:
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
