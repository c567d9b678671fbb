"""Merchants (applications and approved legal persons) and shops."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

merchants = Table(
    "merchants",
    metadata,
    id_column(),
    Column("owner_id", ForeignKey("people.persons.id"), nullable=False, index=True),
    Column("legal_name", Text, nullable=False),
    Column("licence_number", Text, nullable=False),
    uuid_column("licence_picture_id", nullable=True),
    Column("legal_person", Text, nullable=False),
    Column("contact_phone", Text, nullable=False),
    Column("shop_name", Text, nullable=False),
    Column("province", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("category_keys", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    uuid_column("decided_by", nullable=True),
    timestamptz("decided_at", nullable=True),
    created_at(),
    # one licence, one merchant; a refused application does not block the next
    Index("uq_merchants_licence", "licence_number", unique=True, postgresql_where=text("state <> 'refused'")),
    Index(None, "state", "id"),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)

shops = Table(
    "shops",
    metadata,
    id_column(),
    Column("merchant_id", ForeignKey("people.merchants.id"), nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("avatar_url", Text),
    Column("description", Text, nullable=False),
    created_at(),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)
