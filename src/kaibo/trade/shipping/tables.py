"""Parcels, what lies in them, their traces, their corrections, and every push that came (or pretended to)."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local
from kaibo.trade.orders.tables import order_lines, orders
from kaibo.trade.shipping.model import ParcelState, PushOutcome

_STATES = ", ".join(f"'{state.value}'" for state in ParcelState)
_OUTCOMES = ", ".join(f"'{outcome.value}'" for outcome in PushOutcome)

parcels = Table(
    "parcels",
    metadata,
    id_column(),
    Column("order_id", ForeignKey(orders.c.id), nullable=False),
    uuid_column("shop_id"),
    Column("position", Integer, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("tracking_number", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="announced"),
    timestamptz("shipped_at"),
    timestamptz("last_at", nullable=True),
    Column("last_text", Text),
    timestamptz("delivered_at", nullable=True),
    timestamptz("subscribed_at", nullable=True),
    timestamptz("heard_at", nullable=True),
    Column("track_error", Text),
    CheckConstraint(f"state IN ({_STATES})", name="state_known"),
    CheckConstraint("position >= 1", name="position_from_one"),
    UniqueConstraint("order_id", "position"),
    UniqueConstraint("order_id", "carrier", "tracking_number"),
    Index(None, "tracking_number"),
    Index("ix_parcels_open", "shop_id", "id", postgresql_where=text("state NOT IN ('delivered', 'returned')")),
    Index(None, "shop_id", "id"),
    schema="trade",
    info=local("found by carrier and number, before the order is known"),
)

parcel_lines = Table(
    "parcel_lines",
    metadata,
    Column("parcel_id", ForeignKey(parcels.c.id), primary_key=True),
    Column("line_id", ForeignKey(order_lines.c.id), primary_key=True),
    Column("quantity", Integer, nullable=False),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    schema="trade",
    info=local("found by carrier and number, before the order is known"),
)

parcel_steps = Table(
    "parcel_steps",
    metadata,
    id_column(),
    Column("parcel_id", ForeignKey(parcels.c.id), nullable=False),
    Column("tracking_number", Text, nullable=False),
    timestamptz("at"),
    Column("ordinal", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("print", Text, nullable=False),
    created_at("seen_at"),
    CheckConstraint(f"state IN ({_STATES})", name="state_known"),
    UniqueConstraint("parcel_id", "print"),
    schema="trade",
    info=local("found by carrier and number, before the order is known"),
)
"""`print` is a hash of what the step says, so that a trace that is told again changes nothing."""

parcel_corrections = Table(
    "parcel_corrections",
    metadata,
    id_column(),
    Column("parcel_id", ForeignKey(parcels.c.id), nullable=False),
    timestamptz("at"),
    uuid_column("by_id"),
    Column("was_carrier", Text, nullable=False),
    Column("was_tracking_number", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("tracking_number", Text, nullable=False),
    Index("ix_parcel_corrections_parcel", "parcel_id", "id"),
    schema="trade",
    info=local("found by carrier and number, before the order is known"),
)

carrier_notices = Table(
    "carrier_notices",
    metadata,
    id_column(),
    created_at("received_at"),
    Column("outcome", Text, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("tracking_number", Text),
    Column("detail", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    CheckConstraint(f"outcome IN ({_OUTCOMES})", name="outcome_known"),
    Index(None, "tracking_number"),
    Index(None, "outcome", "id"),
    schema="trade",
    info=local("found by carrier and number, before the order is known"),
)
