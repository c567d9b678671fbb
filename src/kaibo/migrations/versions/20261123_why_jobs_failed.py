"""Why background jobs failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4e0def7c9a1d"
down_revision = "5b798a8fa617"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_failures",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_failures")),
        schema="kernel",
    )
    op.create_index(op.f("ix_kernel_job_failures_at"), "job_failures", ["at"], unique=False, schema="kernel")


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
