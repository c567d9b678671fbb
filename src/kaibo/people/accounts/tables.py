"""Persons, logins, one-time codes, staff passwords, grants, and the record of everyone's standing."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local

persons = Table(
    "persons",
    metadata,
    id_column(),
    # None for staff and for deleted accounts
    Column("phone", Text, unique=True),
    Column("nickname", Text, nullable=False),
    Column("avatar_url", Text),
    Column("locale", Text, nullable=False),
    created_at(),
    timestamptz("agreed_at", nullable=True),
    timestamptz("deleted_at", nullable=True),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)

logins = Table(
    "logins",
    metadata,
    # SHA-256 of the cookie: whoever reads this table cannot sign in with it
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("person_id", ForeignKey("people.persons.id"), nullable=False, index=True),
    Column("ip", Text, nullable=False),
    created_at(),
    timestamptz("expires_at", index=True),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)

login_codes = Table(
    "login_codes",
    metadata,
    id_column(),
    Column("phone", Text, nullable=False),
    Column("ip", Text, nullable=False),
    Column("code_hmac", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    created_at(),
    timestamptz("expires_at"),
    timestamptz("used_at", nullable=True),
    Index(None, "phone", "created_at"),
    Index(None, "ip", "created_at"),
    Index(None, "created_at"),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)

staff = Table(
    "staff",
    metadata,
    Column("person_id", ForeignKey("people.persons.id"), primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("totp_sealed", LargeBinary, nullable=False),
    # the last time step a code was accepted for: a code is good once (RFC 6238, 5.2)
    Column("totp_step", BigInteger, nullable=False, default=0),
    Column("failures", Integer, nullable=False, default=0),
    timestamptz("locked_until", nullable=True),
    created_at(),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)

grants = Table(
    "grants",
    metadata,
    id_column(),
    Column("person_id", ForeignKey("people.persons.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("scope_kind", Text, nullable=False),
    uuid_column("scope_id", nullable=True),
    uuid_column("granted_by", nullable=True),
    created_at(),
    UniqueConstraint("person_id", "scope_kind", "scope_id", "role", postgresql_nulls_not_distinct=True),
    Index(None, "scope_kind", "scope_id"),
    # one person has one role in a room
    Index("uq_grants_room", "scope_id", "person_id", unique=True, postgresql_where=text("scope_kind = 'room'")),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)

scope_names = Table(
    "scope_names",
    metadata,
    Column("scope_kind", Text, primary_key=True),
    uuid_column("scope_id", primary_key=True),
    Column("name", Text, nullable=False),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)

standing = Table(
    "standing",
    metadata,
    id_column(),
    uuid_column("person_id", index=True),
    uuid_column("actor_id", nullable=True),
    Column("what", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    created_at("at"),
    schema="people",
    info=local("people, not orders: read by id, written by hand"),
)
