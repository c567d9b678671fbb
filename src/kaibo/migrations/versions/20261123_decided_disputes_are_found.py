"""Decided disputes are found without walking through every case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "77220e1b9558"
down_revision = "5d0c7b9e21f4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_aftersales_cases_decided",
        "aftersales_cases",
        ["id"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("outcome IS NOT NULL"),
    )


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
