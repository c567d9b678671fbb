"""A charge pays a checkout, in its currency; notices say whose they are.

Charges that exist were of one order each, which was its own checkout, through WeChat Pay. Part of a charge goes back for each order,
so that the refunds' index by order stays.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8c15a7e0f3d2"
down_revision = "4e0def7c9a1d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("charges", sa.Column("checkout_id", sa.Uuid(), nullable=True), schema="trade")
    op.add_column(
        "charges", sa.Column("currency", sa.Text(), server_default=sa.text("'CNY'"), nullable=False), schema="trade"
    )
    op.add_column(
        "charges", sa.Column("provider_ref", sa.Text(), server_default=sa.text("''"), nullable=False), schema="trade"
    )
    op.add_column(
        "notices",
        sa.Column("provider", sa.Text(), server_default=sa.text("'wechatpay'"), nullable=False),
        schema="trade",
    )
    op.execute("UPDATE trade.charges c SET checkout_id = o.checkout_id FROM trade.orders o WHERE o.id = c.order_id")
    op.alter_column("charges", "checkout_id", nullable=False, schema="trade")
    for name in ("ix_trade_charges_order_id_trade_charges_attempt", "uq_charges_live", "uq_charges_paid"):
        op.drop_index(name, table_name="charges", schema="trade")
    op.drop_constraint("fk_charges_order_id_orders", "charges", schema="trade", type_="foreignkey")
    op.drop_column("charges", "order_id", schema="trade")
    op.create_index(
        op.f("ix_trade_charges_checkout_id_trade_charges_attempt"),
        "charges",
        ["checkout_id", "attempt"],
        unique=True,
        schema="trade",
    )
    for name, states in (("live", "state IN ('creating', 'pending')"), ("paid", "state = 'paid'")):
        op.create_index(
            f"uq_charges_{name}",
            "charges",
            ["checkout_id"],
            unique=True,
            schema="trade",
            postgresql_where=sa.text(states),
        )


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
