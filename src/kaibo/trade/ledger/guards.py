"""What PostgreSQL itself refuses: a transaction that does not sum to zero, and any change of what has been posted.

Plain DDL, one statement a string, run by the migration after the tables exist.
"""

from __future__ import annotations

_APPEND_ONLY = ("ledger_accounts", "ledger_transactions", "ledger_entries")

LEDGER_GUARDS: tuple[str, ...] = (
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
    *(
        f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON trade.{table} "
        "FOR EACH ROW EXECUTE FUNCTION trade.ledger_refuse_change()"
        for table in _APPEND_ONLY
    ),
    *(
        f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON trade.{table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION trade.ledger_refuse_change()"
        for table in _APPEND_ONLY
    ),
    *(
        statement
        for table in ("ledger_transactions", "ledger_entries")
        for statement in (
            f"DROP TRIGGER IF EXISTS {table}_balance ON trade.{table}",
            f"CREATE CONSTRAINT TRIGGER {table}_balance AFTER INSERT ON trade.{table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trade.ledger_require_balance()",
        )
    ),
)
