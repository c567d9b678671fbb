"""A shop that closes gets its deposit back; what proves a refund paid by hand is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0a9b5f7f8222"
down_revision = "405eeeadfbe0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refunds", sa.Column("handled_reference", sa.Text(), nullable=True), schema="trade")
    op.add_column("shop_standings", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True), schema="trade")
    op.add_column("shop_standings", sa.Column("closed_by", sa.Uuid(), nullable=True), schema="trade")


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
