"""Plans with their rates, parties and history."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

plans = Table(
    "affiliate_plans",
    metadata,
    id_column(),
    uuid_column("shop_id"),
    # the shop's owner: an exclusive plan does not shut a merchant out of their own goods
    uuid_column("owner_id"),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    uuid_column("campaign_id", nullable=True),
    uuid_column("leader_id", nullable=True),
    Column("leader_bps", Integer, nullable=False, server_default=text("0")),
    uuid_column("created_by"),
    created_at(),
    timestamptz("stops_at", nullable=True),
    CheckConstraint("kind IN ('open', 'targeted', 'exclusive')", name="kind_known"),
    CheckConstraint("leader_bps BETWEEN 0 AND 10000", name="leader_in_range"),
    CheckConstraint("(leader_id IS NULL) = (campaign_id IS NULL)", name="leader_of_campaign"),
    Index(None, "shop_id", "id"),
    Index("ix_affiliate_plans_campaign", "campaign_id", postgresql_where=text("campaign_id IS NOT NULL")),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)

# Segments of a product's rate in a plan; they never overlap (rules.change). What has begun is clipped, never rewritten.
plan_rates = Table(
    "affiliate_rates",
    metadata,
    id_column(),
    Column("plan_id", ForeignKey("goods.affiliate_plans.id"), nullable=False),
    Column("product_id", ForeignKey("goods.products.id"), nullable=False),
    Column("bps", Integer, nullable=False),
    timestamptz("valid_from"),
    timestamptz("valid_until", nullable=True),
    CheckConstraint("bps BETWEEN 0 AND 10000", name="bps_in_range"),
    CheckConstraint("valid_until > valid_from", name="period_is_one"),
    Index(None, "product_id", "valid_from"),
    Index(None, "plan_id", "product_id", "valid_from", unique=True),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)

plan_parties = Table(
    "affiliate_parties",
    metadata,
    id_column(),
    Column("plan_id", ForeignKey("goods.affiliate_plans.id"), nullable=False),
    Column("party_kind", Text, nullable=False),
    uuid_column("party_id"),
    Column("state", Text, nullable=False),
    uuid_column("invited_by"),
    created_at("invited_at"),
    uuid_column("answered_by", nullable=True),
    timestamptz("answered_at", nullable=True),
    timestamptz("valid_from", nullable=True),
    timestamptz("valid_until", nullable=True),
    CheckConstraint("party_kind IN ('creator', 'agency')", name="party_kind_known"),
    CheckConstraint("(state = 'accepted') = (valid_from IS NOT NULL)", name="accepted_is_valid_from"),
    UniqueConstraint("plan_id", "party_id"),
    Index(None, "party_id", "state"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)

plan_entries = Table(
    "affiliate_plan_entries",
    metadata,
    id_column(),
    Column("plan_id", ForeignKey("goods.affiliate_plans.id"), nullable=False, index=True),
    Column("what", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    uuid_column("actor_id"),
    created_at("at"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)
