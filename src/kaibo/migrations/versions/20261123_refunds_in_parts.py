"""Refunds in parts: every promise has its key, and PostgreSQL refuses more than was paid.

Refunds that exist were of whole orders, one promise each. The guards are a frozen copy of kaibo.trade.payment.guards at this revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2b6f0d9c41e7"
down_revision = "e38efa4dde05"
branch_labels = None
depends_on = None

KINDS = "'before_shipping', 'late_payment', 'aftersales', 'group_failed', 'price_protection'"
GUARDS = (
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


def upgrade() -> None:
    for name in ("key", "promised_by"):
        op.add_column("refunds", sa.Column(name, sa.Text(), nullable=True), schema="trade")
    op.add_column("refunds", sa.Column("handled_by", sa.Uuid(), nullable=True), schema="trade")
    op.add_column("refunds", sa.Column("handled_why", sa.Text(), nullable=True), schema="trade")
    op.add_column("refunds", sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True), schema="trade")
    op.execute(
        "UPDATE trade.refunds SET key = CASE kind WHEN 'late_payment' THEN 'late_payment:' || charge_id || ':' || order_id"
        " ELSE 'before_shipping:' || order_id END, promised_by = CASE kind WHEN 'late_payment' THEN 'payment' ELSE 'buyer' END"
    )
    op.execute(
        "UPDATE trade.orders o SET refunded_fen = r.fen FROM (SELECT order_id, sum(fen) AS fen FROM trade.refunds"
        " WHERE kind <> 'late_payment' AND state <> 'closed' GROUP BY order_id) r WHERE r.order_id = o.id"
    )
    for name in ("key", "promised_by"):
        op.alter_column("refunds", name, nullable=False, schema="trade")
    op.drop_constraint("ck_refunds_kind_known", "refunds", schema="trade")
    op.create_check_constraint(op.f("ck_refunds_kind_known"), "refunds", f"kind IN ({KINDS})", schema="trade")
    op.create_index(
        "uq_refunds_promise",
        "refunds",
        ["key"],
        unique=True,
        schema="trade",
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        "ix_refunds_abnormal", "refunds", ["id"], schema="trade", postgresql_where=sa.text("state = 'abnormal'")
    )
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
