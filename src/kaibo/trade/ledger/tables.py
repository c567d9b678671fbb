"""Accounts, transactions, entries."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from kaibo.kernel.db import created_at, fen, id_column, metadata, timestamptz, uuid_column

ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    uuid_column("owner_id", nullable=True),
    Column("currency", Text, nullable=False, server_default=text("'CNY'")),
    created_at(),
    UniqueConstraint("kind", "owner_id", "currency", postgresql_nulls_not_distinct=True),
    CheckConstraint("currency = 'CNY'", name="currency_known"),
    schema="trade",
)

ledger_transactions = Table(
    "ledger_transactions",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    uuid_column("order_id", nullable=True),
    Column("why", Text, nullable=False),
    Column("posted_by", Text, nullable=False),
    timestamptz("at"),
    Index(None, "order_id"),
    schema="trade",
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("transaction_id", ForeignKey(ledger_transactions.c.id), nullable=False),
    Column("account_id", ForeignKey(ledger_accounts.c.id), nullable=False),
    fen("fen"),
    CheckConstraint("fen <> 0", name="fen_moves_something"),
    Index(None, "account_id", "position"),
    Index(None, "transaction_id"),
    schema="trade",
)
