"""Slot contracts and their products."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from kaibo.kernel.db import created_at, fen, id_column, metadata, not_negative, timestamptz, uuid_column
from kaibo.kernel.distribution import local

slot_contracts = Table(
    "slot_contracts",
    metadata,
    id_column(),
    uuid_column("shop_id"),
    uuid_column("creator_id"),
    Column("title", Text, nullable=False),
    fen("fee_fen"),
    timestamptz("starts_at"),
    timestamptz("ends_at"),
    # 0: nothing promised
    Column("pitch_minutes_min", Integer, nullable=False),
    fen("gmv_fen_min"),
    Column("terms_sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    uuid_column("shop_signed_by"),
    timestamptz("shop_signed_at"),
    timestamptz("creator_signed_at", nullable=True),
    uuid_column("ended_by", nullable=True),
    Column("pitch_seconds", Integer),
    fen("gmv_fen", nullable=True),
    fen("earned_fen", nullable=True),
    timestamptz("settled_at", nullable=True),
    created_at("changed_at"),
    CheckConstraint("fee_fen > 0", name="fee_positive"),
    CheckConstraint("ends_at > starts_at", name="times_in_order"),
    CheckConstraint("earned_fen BETWEEN 0 AND fee_fen", name="earned_within_fee"),
    *not_negative("pitch_minutes_min", "gmv_fen_min"),
    Index(None, "shop_id", "id"),
    Index(None, "creator_id", "id"),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)

slot_items = Table(
    "slot_items",
    metadata,
    Column("contract_id", ForeignKey("goods.slot_contracts.id"), primary_key=True),
    Column("product_id", ForeignKey("goods.products.id"), primary_key=True),
    schema="goods",
    info=local("written by hand, a few a day a shop"),
)
