"""The record of prices only grows: what a struck price is justified by must not be editable (price-fraud rules 16, 17).

Plain DDL, one statement a string; a migration runs it. kaibo.migrate takes the privilege away as well.
"""

from __future__ import annotations

APPEND_ONLY = ("price_entries", "window_entries")
"""Tables of the schema "goods" that only grow."""

PRICE_GUARDS: tuple[str, ...] = (
    """
    CREATE OR REPLACE FUNCTION goods.prices_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the record of prices only grows: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', HINT = 'set a new price instead';
    END $$
    """,
    *(
        f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON goods.{table} "
        "FOR EACH ROW EXECUTE FUNCTION goods.prices_refuse_change()"
        for table in APPEND_ONLY
    ),
    *(
        f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON goods.{table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION goods.prices_refuse_change()"
        for table in APPEND_ONLY
    ),
)
