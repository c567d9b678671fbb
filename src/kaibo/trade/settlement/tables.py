"""What each settled order gave to whom; the ledger's entries say the same."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, Table

from kaibo.kernel.db import fen, id_column, metadata, timestamptz, uuid_column

settlements = Table(
    "settlements",
    metadata,
    id_column("order_id"),
    uuid_column("shop_id"),
    uuid_column("creator_id", nullable=True),
    fen("total_fen"),
    fen("merchant_fen"),
    fen("creator_fen"),
    fen("platform_fen"),
    timestamptz("at"),
    CheckConstraint("merchant_fen + creator_fen + platform_fen = total_fen", name="parts_sum_to_total"),
    Index(None, "shop_id", "at"),
    schema="trade",
)
