"""points: terms, lots and their entries, what orders took, what settlements say of it

The guards are a frozen copy of kaibo.trade.points.guards at this revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "34385ac4e248"
down_revision = "36ee4d4fd62d"
branch_labels = None
depends_on = None

GUARDS = (
    """CREATE OR REPLACE FUNCTION trade.point_entries_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'points only append: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'add an entry that moves them back';
END $$
""",
    """CREATE OR REPLACE TRIGGER point_entries_append_only BEFORE UPDATE OR DELETE ON trade.point_entries
FOR EACH ROW EXECUTE FUNCTION trade.point_entries_refuse_change()""",
    """CREATE OR REPLACE TRIGGER point_entries_no_truncate BEFORE TRUNCATE ON trade.point_entries
FOR EACH STATEMENT EXECUTE FUNCTION trade.point_entries_refuse_change()""",
)


def upgrade() -> None:
    op.create_table(
        "point_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_accounts")),
        schema="trade",
    )
    op.create_table(
        "point_terms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("earn_fen_per_point", sa.Integer(), nullable=False),
        sa.Column("spend_points_per_fen", sa.Integer(), nullable=False),
        sa.Column("cap_bps", sa.Integer(), nullable=False),
        sa.Column("expire_months", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("cap_bps BETWEEN 1 AND 10000", name=op.f("ck_point_terms_cap_in_range")),
        sa.CheckConstraint(
            "earn_fen_per_point > 0 AND spend_points_per_fen > 0 AND expire_months > 0",
            name=op.f("ck_point_terms_terms_positive"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_terms")),
        schema="trade",
    )
    op.create_table(
        "point_uses",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("points_per_fen", sa.Integer(), nullable=False),
        sa.Column("returned_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('held', 'spent', 'released')", name=op.f("ck_point_uses_state_known")),
        sa.CheckConstraint("fen > 0 AND points_per_fen > 0", name=op.f("ck_point_uses_amounts_positive")),
        sa.CheckConstraint("returned_fen BETWEEN 0 AND fen", name=op.f("ck_point_uses_returned_within_fen")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_point_uses")),
        schema="trade",
    )
    op.create_index("ix_point_uses_checkout", "point_uses", ["checkout_id"], unique=False, schema="trade")
    op.create_table(
        "point_lots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("left_points", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("earn_fen_per_point", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'earned') = (earn_fen_per_point IS NOT NULL)", name=op.f("ck_point_lots_earned_at_a_rate")
        ),
        sa.CheckConstraint("kind IN ('earned', 'returned')", name=op.f("ck_point_lots_kind_known")),
        sa.CheckConstraint("points > 0 AND left_points <= points", name=op.f("ck_point_lots_left_within_points")),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["trade.point_accounts.id"], name=op.f("fk_point_lots_buyer_id_point_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_lots")),
        schema="trade",
    )
    op.create_index(
        "ix_point_lots_not_empty",
        "point_lots",
        ["buyer_id"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("left_points <> 0"),
    )
    op.create_index(
        "ix_point_lots_to_expire",
        "point_lots",
        ["expires_at"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("left_points > 0"),
    )
    op.create_index(
        "uq_point_lots_earned",
        "point_lots",
        ["order_id"],
        unique=True,
        schema="trade",
        postgresql_where=sa.text("kind = 'earned'"),
    )
    op.create_table(
        "point_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('earned', 'used', 'released', 'returned', 'taken_back', 'expired', 'offset')",
            name=op.f("ck_point_entries_kind_known"),
        ),
        sa.CheckConstraint(
            "points <> 0 AND (kind = 'offset' OR (points > 0) = (kind IN ('earned', 'released', 'returned')))",
            name=op.f("ck_point_entries_points_of_kind"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["trade.point_lots.id"], name=op.f("fk_point_entries_lot_id_point_lots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_entries")),
        schema="trade",
    )
    op.create_index("ix_point_entries_at", "point_entries", ["at"], unique=False, schema="trade")
    op.create_index("ix_point_entries_history", "point_entries", ["buyer_id", "event_id"], unique=False, schema="trade")
    op.create_index("ix_point_entries_lot", "point_entries", ["lot_id"], unique=False, schema="trade")
    op.create_index(
        "ix_point_entries_order",
        "point_entries",
        ["order_id"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.add_column(
        "settlement_lines",
        sa.Column("points_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="trade",
    )
    op.add_column(
        "settlement_take_backs",
        sa.Column("points_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="trade",
    )
    op.add_column(
        "settlements",
        sa.Column("points_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="trade",
    )
    op.create_check_constraint("points_within_subsidy", "settlement_lines", "points_fen <= subsidy_fen", schema="trade")
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
