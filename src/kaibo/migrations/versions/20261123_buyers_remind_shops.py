"""When a buyer last asked the merchant to ship."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "f208af87cb0b"
down_revision = "a14572e3b72f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True), schema="trade")


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
