"""Delivery addresses."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text, text

from kaibo.kernel.db import created_at, id_column, metadata
from kaibo.kernel.distribution import distributed

addresses = Table(
    "addresses",
    metadata,
    id_column(),
    Column("person_id", ForeignKey("people.persons.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("province", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    created_at(),
    Index(None, "person_id"),
    Index("uq_addresses_default", "person_id", unique=True, postgresql_where=text("is_default")),
    schema="people",
    info=distributed("person_id", group="buyer"),
)
