"""Agencies, and the agreements between them and creators."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

agencies = Table(
    "agencies",
    metadata,
    id_column(),
    Column("owner_id", ForeignKey("people.persons.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("legal_name", Text, nullable=False),
    Column("licence_number", Text, nullable=False),
    Column("contact_phone", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    uuid_column("decided_by", nullable=True),
    timestamptz("decided_at", nullable=True),
    created_at(),
    Index("uq_agencies_name", "name", unique=True, postgresql_where=text("state <> 'refused'")),
    Index("uq_agencies_licence", "licence_number", unique=True, postgresql_where=text("state <> 'refused'")),
    Index(None, "state", "id"),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)

# A row is what was agreed at a time and is never rewritten: other terms are another row.
agency_agreements = Table(
    "agency_agreements",
    metadata,
    id_column(),
    Column("agency_id", ForeignKey("people.agencies.id"), nullable=False),
    Column("person_id", ForeignKey("people.persons.id"), nullable=False),
    Column("share_bps", Integer, nullable=False),
    Column("notice_days", Integer, nullable=False),
    Column("state", Text, nullable=False),
    uuid_column("proposed_by"),
    created_at("proposed_at"),
    timestamptz("answered_at", nullable=True),
    timestamptz("valid_from", nullable=True),
    timestamptz("valid_until", nullable=True),
    uuid_column("ended_by", nullable=True),
    CheckConstraint("share_bps BETWEEN 0 AND 9000", name="share_in_range"),
    CheckConstraint("(state = 'agreed') = (valid_from IS NOT NULL)", name="agreed_is_valid_from"),
    Index(
        "uq_agency_agreements_open",
        "agency_id",
        "person_id",
        unique=True,
        postgresql_where=text("state = 'proposed'"),
    ),
    Index("ix_agency_agreements_person", "person_id", "valid_from"),
    Index("ix_agency_agreements_agency", "agency_id", "id"),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)
