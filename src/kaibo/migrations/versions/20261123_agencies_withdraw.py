"""Agencies withdraw what they have of their creators' commissions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "247ce5545d26"
down_revision = "de96e12fe92b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("bank_accounts", "withdrawals"):
        op.drop_constraint(op.f(f"ck_{table}_owner_known"), table, schema="trade")
        op.create_check_constraint(
            op.f(f"ck_{table}_owner_known"),
            table,
            "owner_kind IN ('shop', 'creator', 'leader', 'agency')",
            schema="trade",
        )
    op.create_index(
        "ix_orders_agency_waiting",
        "orders",
        ["agency_id"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("agency_id IS NOT NULL AND state IN ('paid', 'shipped', 'received')"),
    )


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
