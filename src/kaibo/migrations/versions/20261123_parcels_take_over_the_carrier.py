"""Parcels take over the carrier and the tracking number of an order; what was shipped so far becomes one parcel an order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "63304fb04351"
down_revision = "fab6c6545492"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carrier_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("tracking_number", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('news', 'nothing_new', 'unknown_parcel', 'forged', 'malformed')",
            name=op.f("ck_carrier_notices_outcome_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_notices")),
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_carrier_notices_outcome_trade_carrier_notices_id"),
        "carrier_notices",
        ["outcome", "id"],
        unique=False,
        schema="trade",
    )
    op.create_index(
        op.f("ix_trade_carrier_notices_tracking_number"),
        "carrier_notices",
        ["tracking_number"],
        unique=False,
        schema="trade",
    )
    op.create_table(
        "parcels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("tracking_number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="announced", nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_text", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("track_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('announced', 'collected', 'in_transit', 'out_for_delivery', 'delivered', 'exception', 'returned')",
            name=op.f("ck_parcels_state_known"),
        ),
        sa.CheckConstraint("position >= 1", name=op.f("ck_parcels_position_from_one")),
        sa.ForeignKeyConstraint(["order_id"], ["trade.orders.id"], name=op.f("fk_parcels_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcels")),
        sa.UniqueConstraint(
            "order_id", "carrier", "tracking_number", name=op.f("uq_parcels_order_id_carrier_tracking_number")
        ),
        sa.UniqueConstraint("order_id", "position", name=op.f("uq_parcels_order_id_position")),
        schema="trade",
    )
    op.create_index(
        "ix_parcels_open",
        "parcels",
        ["shop_id", "id"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("state NOT IN ('delivered', 'returned')"),
    )
    op.create_index(
        op.f("ix_trade_parcels_shop_id_trade_parcels_id"), "parcels", ["shop_id", "id"], unique=False, schema="trade"
    )
    op.create_index(
        op.f("ix_trade_parcels_tracking_number"), "parcels", ["tracking_number"], unique=False, schema="trade"
    )
    op.create_table(
        "parcel_corrections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("was_carrier", sa.Text(), nullable=False),
        sa.Column("was_tracking_number", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("tracking_number", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parcel_id"], ["trade.parcels.id"], name=op.f("fk_parcel_corrections_parcel_id_parcels")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_corrections")),
        schema="trade",
    )
    op.create_index(
        "ix_parcel_corrections_parcel", "parcel_corrections", ["parcel_id", "id"], unique=False, schema="trade"
    )
    op.create_table(
        "parcel_lines",
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_parcel_lines_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["line_id"], ["trade.order_lines.id"], name=op.f("fk_parcel_lines_line_id_order_lines")
        ),
        sa.ForeignKeyConstraint(["parcel_id"], ["trade.parcels.id"], name=op.f("fk_parcel_lines_parcel_id_parcels")),
        sa.PrimaryKeyConstraint("parcel_id", "line_id", name=op.f("pk_parcel_lines")),
        schema="trade",
    )
    op.create_table(
        "parcel_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parcel_id", sa.Uuid(), nullable=False),
        sa.Column("tracking_number", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("print", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('announced', 'collected', 'in_transit', 'out_for_delivery', 'delivered', 'exception', 'returned')",
            name=op.f("ck_parcel_steps_state_known"),
        ),
        sa.ForeignKeyConstraint(["parcel_id"], ["trade.parcels.id"], name=op.f("fk_parcel_steps_parcel_id_parcels")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_steps")),
        sa.UniqueConstraint("parcel_id", "print", name=op.f("uq_parcel_steps_parcel_id_print")),
        schema="trade",
    )
    op.add_column("orders", sa.Column("first_shipped_at", sa.DateTime(timezone=True), nullable=True), schema="trade")
    op.add_column(
        "orders",
        sa.Column("extended_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="trade",
    )
    op.add_column("orders", sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True), schema="trade")
    op.add_column("orders", sa.Column("flag", sa.Text(), nullable=True), schema="trade")
    op.create_check_constraint(
        op.f("ck_orders_flag_known"), "orders", "flag IN ('red', 'yellow', 'green', 'blue', 'purple')", schema="trade"
    )
    op.create_check_constraint(
        op.f("ck_orders_extended_seconds_not_negative"), "orders", "extended_seconds >= 0", schema="trade"
    )
    op.execute("UPDATE trade.orders SET first_shipped_at = shipped_at WHERE shipped_at IS NOT NULL")
    op.execute(
        "INSERT INTO trade.parcels (id, order_id, shop_id, position, carrier, tracking_number, state, shipped_at, delivered_at)"
        " SELECT uuidv7(), id, shop_id, 1, carrier, tracking_number,"
        " CASE WHEN received_at IS NULL THEN 'announced' ELSE 'delivered' END, shipped_at, received_at"
        " FROM trade.orders WHERE carrier IS NOT NULL AND tracking_number IS NOT NULL AND shipped_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO trade.parcel_lines (parcel_id, line_id, quantity)"
        " SELECT p.id, l.id, l.quantity FROM trade.parcels p JOIN trade.order_lines l ON l.order_id = p.order_id"
    )
    op.execute(
        "INSERT INTO kernel.timers (kind, key, due_at, payload, tries, created_at)"
        " SELECT 'trade.parcel.track', id::text, now(), '{}', 0, now() FROM trade.parcels WHERE state = 'announced'"
    )
    op.drop_index(
        op.f("ix_orders_tracking"),
        table_name="orders",
        schema="trade",
        postgresql_where="(tracking_number IS NOT NULL)",
    )
    op.drop_column("orders", "tracking_number", schema="trade")
    op.drop_column("orders", "carrier", schema="trade")


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
