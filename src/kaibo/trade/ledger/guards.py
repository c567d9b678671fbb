"""What PostgreSQL itself refuses: a transaction that does not sum to zero, and any change of what has been posted.

Plain DDL, one statement a string, run by the migration after the tables exist. Two locks are on the door: the application's role
may only SELECT and INSERT (`APPEND_ONLY`, granted by kaibo.migrate), and triggers refuse the owner too.
"""

from __future__ import annotations

APPEND_ONLY = (
    "ledger_accounts",
    "ledger_transactions",
    "ledger_entries",
    "ledger_holds",
    "ledger_hold_entries",
    "ledger_hold_ends",
    "ledger_rollups",
)
"""Tables of the schema "trade" that only grow."""

LEDGER_GUARDS: tuple[str, ...] = (
    """
    CREATE OR REPLACE FUNCTION trade.ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger only appends: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', HINT = 'post a reversing transaction instead';
    END $$
    """,
    # All entries of a transaction are written by one statement, so a statement's new rows must balance by themselves. Looking at
    # them together costs a set of a thousand transactions one grouping instead of thousands of look-ups.
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
    *(
        f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON trade.{table} "
        "FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()"
        for table in APPEND_ONLY
    ),
    *(
        f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON trade.{table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()"
        for table in APPEND_ONLY
    ),
    "DROP TRIGGER IF EXISTS ledger_entries_balance ON trade.ledger_entries",
    "CREATE TRIGGER ledger_entries_balance AFTER INSERT ON trade.ledger_entries REFERENCING NEW TABLE AS fresh "
    "FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_require_balance()",
    "DROP TRIGGER IF EXISTS ledger_transactions_balance ON trade.ledger_transactions",
    "CREATE CONSTRAINT TRIGGER ledger_transactions_balance AFTER INSERT ON trade.ledger_transactions "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trade.ledger_require_entries()",
)
