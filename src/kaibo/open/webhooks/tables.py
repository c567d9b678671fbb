"""Endpoints, the messages for them, the delivery of each message to each endpoint, and every attempt at it."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

endpoints = Table(
    "endpoints",
    metadata,
    id_column(),
    # None: the platform's own, which hears every shop
    uuid_column("shop_id", nullable=True),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("event_types", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("disabled_why", Text),
    timestamptz("failing_since", nullable=True),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("old_secret_sealed", LargeBinary),
    timestamptz("old_secret_until", nullable=True),
    uuid_column("created_by"),
    created_at(),
    CheckConstraint("state IN ('on', 'off', 'disabled', 'removed')", name="state_known"),
    Index(None, "shop_id"),
    schema="open",
    info=local("deliveries are swept across all shops; a shop's exports and endpoints are few"),
)

messages = Table(
    "messages",
    metadata,
    id_column(),
    Column("type", Text, nullable=False),
    # the very text that is signed and sent
    Column("body", Text, nullable=False),
    created_at(),
    Index(None, "created_at"),
    schema="open",
    info=local("deliveries are swept across all shops; a shop's exports and endpoints are few"),
)

deliveries = Table(
    "deliveries",
    metadata,
    id_column(),
    Column("message_id", ForeignKey(messages.c.id), nullable=False),
    Column("endpoint_id", ForeignKey(endpoints.c.id), nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    # of the schedule; a replay begins it anew
    Column("tries", Integer, nullable=False),
    timestamptz("next_at", nullable=True),
    Column("last_status", Integer),
    Column("last_error", Text),
    created_at(),
    timestamptz("ended_at", nullable=True),
    CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state_known"),
    CheckConstraint("(state = 'waiting') = (next_at IS NOT NULL)", name="only_waiting_is_due"),
    Index("uq_deliveries_message_endpoint", "message_id", "endpoint_id", unique=True),
    Index("ix_deliveries_due", "next_at", postgresql_where=text("state = 'waiting'")),
    Index(None, "endpoint_id", "id"),
    schema="open",
    info=local("deliveries are swept across all shops; a shop's exports and endpoints are few"),
)

attempts = Table(
    "attempts",
    metadata,
    id_column(),
    Column("delivery_id", ForeignKey(deliveries.c.id), nullable=False, index=True),
    created_at("at"),
    Column("status", Integer),
    Column("error", Text),
    Column("response_head", Text, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    schema="open",
    info=local("deliveries are swept across all shops; a shop's exports and endpoints are few"),
)
