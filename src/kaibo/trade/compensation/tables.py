"""What merchants owe the fund, what has come back, and what buyers are owed beyond their payments."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from kaibo.kernel.db import created_at, fen, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

claims = Table(
    "compensation_claims",
    metadata,
    id_column(),
    uuid_column("case_id"),
    uuid_column("order_id"),
    uuid_column("shop_id"),
    fen("fen"),
    fen("recovered_fen", default=0),
    Column("rule", Text, nullable=False),
    created_at(),
    timestamptz("closed_at", nullable=True),
    CheckConstraint("fen > 0", name="fen_positive"),
    CheckConstraint("recovered_fen BETWEEN 0 AND fen", name="recovered_within"),
    Index("ix_compensation_claims_open", "shop_id", postgresql_where=text("closed_at IS NULL")),
    Index(None, "case_id"),
    schema="trade",
    info=local("at most one order in five has a case; its tables lead to one another by the case"),
)

recoveries = Table(
    "compensation_recoveries",
    metadata,
    id_column(),
    Column("claim_id", ForeignKey(claims.c.id), nullable=False),
    # deposit | earnings
    Column("source", Text, nullable=False),
    fen("fen"),
    created_at("at"),
    CheckConstraint("fen > 0", name="fen_positive"),
    Index(None, "claim_id"),
    schema="trade",
    info=local("at most one order in five has a case; its tables lead to one another by the case"),
)

payouts = Table(
    "buyer_payouts",
    metadata,
    id_column(),
    # NULL where no case decided it
    uuid_column("case_id", nullable=True),
    uuid_column("order_id"),
    uuid_column("person_id"),
    # return_freight | compensation | deposit_doubled
    Column("kind", Text, nullable=False),
    fen("fen"),
    Column("key", Text, nullable=False, unique=True),
    created_at(),
    timestamptz("paid_at", nullable=True),
    uuid_column("paid_by", nullable=True),
    Column("reference", Text),
    CheckConstraint("fen > 0", name="fen_positive"),
    Index("ix_buyer_payouts_open", "id", postgresql_where=text("paid_at IS NULL")),
    Index(None, "person_id", "id"),
    schema="trade",
    info=local("at most one order in five has a case; its tables lead to one another by the case"),
)
