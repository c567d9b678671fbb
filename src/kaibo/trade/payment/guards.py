"""What PostgreSQL itself refuses: refunds of more than was paid, for the charge or for the order.

Plain DDL, one statement a string, run by the migration after the tables exist.
"""

from __future__ import annotations

PAYMENT_GUARDS: tuple[str, ...] = (
    """
    CREATE OR REPLACE FUNCTION trade.refunds_within_paid() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        paid bigint;
        ordered bigint;
        of_charge bigint;
        of_order bigint;
    BEGIN
        -- two refunds of one charge meet here, whichever orders they are for
        SELECT amount_fen INTO paid FROM trade.charges WHERE id = NEW.charge_id FOR UPDATE;
        SELECT total_fen INTO ordered FROM trade.orders WHERE id = NEW.order_id;
        SELECT coalesce(sum(fen), 0), coalesce(sum(fen) FILTER (WHERE order_id = NEW.order_id), 0)
            INTO of_charge, of_order
            FROM trade.refunds WHERE charge_id = NEW.charge_id AND state <> 'closed';
        IF of_charge > paid OR of_order > ordered THEN
            RAISE EXCEPTION 'refunds of % fen for a charge of % fen, % fen of them for an order of % fen',
                of_charge, paid, of_order, ordered USING ERRCODE = 'check_violation', CONSTRAINT = 'refunds_within_paid';
        END IF;
        RETURN NULL;
    END $$
    """,
    "CREATE OR REPLACE TRIGGER refunds_within_paid AFTER INSERT OR UPDATE OF fen, state, charge_id, order_id "
    "ON trade.refunds FOR EACH ROW EXECUTE FUNCTION trade.refunds_within_paid()",
)
