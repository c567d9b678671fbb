"""Coupons, the claims of buyers, and what each claim did in a checkout."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from kaibo.kernel.db import created_at, fen, id_column, metadata, not_negative, timestamptz, uuid_column
from kaibo.kernel.distribution import local

coupons = Table(
    "coupons",
    metadata,
    id_column(),
    Column("funder", Text, nullable=False),
    uuid_column("shop_id", nullable=True),
    Column("title", Text, nullable=False),
    Column("benefit", Text, nullable=False),
    fen("off_fen"),
    Column("percent_bps", Integer, nullable=False),
    fen("cap_fen", nullable=True),
    fen("threshold_fen"),
    Column("each_full", Boolean, nullable=False),
    Column("scope", Text, nullable=False),
    Column("scope_ids", ARRAY(Text), nullable=False),
    Column("audience", Text, nullable=False),
    Column("stack_group", Text, nullable=False),
    Column("per_buyer_limit", Integer, nullable=False),
    Column("pieces_max", BigInteger, nullable=False),
    Column("claimed", BigInteger, nullable=False, default=0),
    fen("budget_fen", nullable=True),
    # of the budget: given in orders that are placed, paid or later; kept only where there is a budget
    fen("committed_fen", default=0),
    timestamptz("claim_from"),
    timestamptz("claim_until"),
    # either from … until, or a number of days from the claim
    timestamptz("use_from", nullable=True),
    timestamptz("use_until", nullable=True),
    Column("use_days", Integer),
    timestamptz("stopped_at", nullable=True),
    uuid_column("actor_id"),
    created_at(),
    *not_negative("off_fen", "percent_bps", "threshold_fen", "committed_fen"),
    CheckConstraint("(funder = 'merchant') = (shop_id IS NOT NULL)", name="merchants_have_a_shop"),
    CheckConstraint("claimed BETWEEN 0 AND pieces_max", name="claimed_within_pieces"),
    CheckConstraint("committed_fen <= budget_fen", name="committed_within_budget"),
    CheckConstraint("(use_days IS NULL) = (use_until IS NOT NULL)", name="one_use_window"),
    CheckConstraint("claim_from < claim_until", name="claim_window_ordered"),
    Index("ix_coupons_of_shop", "shop_id", "id"),
    Index("ix_coupons_of_platform", "id", postgresql_where=text("shop_id IS NULL")),
    schema="trade",
    info=local("a budget is one row for all shops; claims and uses stand beside it"),
)

coupon_claims = Table(
    "coupon_claims",
    metadata,
    id_column(),
    Column("coupon_id", ForeignKey(coupons.c.id), nullable=False),
    uuid_column("buyer_id"),
    # the buyer's first, second … of this coupon
    Column("ordinal", Integer, nullable=False),
    # usable -> held -> spent; held -> usable; spent -> usable where everything was refunded
    Column("state", Text, nullable=False),
    timestamptz("use_from"),
    timestamptz("use_until"),
    created_at("claimed_at"),
    CheckConstraint("state IN ('usable', 'held', 'spent')", name="state_known"),
    Index("uq_coupon_claims_ordinal", "coupon_id", "buyer_id", "ordinal", unique=True),
    Index("ix_coupon_claims_of_buyer", "buyer_id", "state", "use_until"),
    schema="trade",
    info=local("a budget is one row for all shops; claims and uses stand beside it"),
)

coupon_uses = Table(
    "coupon_uses",
    metadata,
    uuid_column("checkout_id", primary_key=True),
    Column("claim_id", ForeignKey(coupon_claims.c.id), primary_key=True),
    Column("coupon_id", ForeignKey(coupons.c.id), nullable=False),
    uuid_column("buyer_id"),
    fen("fen"),
    # held -> spent | released; released -> spent (paid after all); spent -> returned
    Column("state", Text, nullable=False),
    timestamptz("held_at"),
    timestamptz("changed_at"),
    CheckConstraint("fen > 0", name="fen_positive"),
    CheckConstraint("state IN ('held', 'spent', 'released', 'returned')", name="state_known"),
    Index("ix_coupon_uses_claim", "claim_id"),
    Index("ix_coupon_uses_coupon", "coupon_id", "state"),
    schema="trade",
    info=local("a budget is one row for all shops; claims and uses stand beside it"),
)
