"""Real names: sealed, with a fingerprint of the number so that one identity stands for one living account."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, LargeBinary, Table, Text, text

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

realnames = Table(
    "realnames",
    metadata,
    id_column(),
    Column("person_id", ForeignKey("people.persons.id"), nullable=False, index=True),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("number_hmac", LargeBinary, nullable=False),
    Column("birth", Date, nullable=False),
    # pending, verified, refused; superseded by a later verification; closed with the account
    Column("state", Text, nullable=False),
    Column("reason", Text),
    created_at("submitted_at"),
    timestamptz("decided_at", nullable=True),
    uuid_column("decided_by", nullable=True),
    Index("uq_realnames_verified_number", "number_hmac", unique=True, postgresql_where=text("state = 'verified'")),
    Index("uq_realnames_verified_person", "person_id", unique=True, postgresql_where=text("state = 'verified'")),
    Index("uq_realnames_pending_person", "person_id", unique=True, postgresql_where=text("state = 'pending'")),
    Index(None, "state", "id"),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)
