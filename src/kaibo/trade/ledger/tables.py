"""Accounts, transactions, entries; holds; roll-ups. Every table here only grows."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, fen, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import distributed, local, reference


def _currency() -> Column[str]:
    return Column("currency", Text, nullable=False, server_default=text("'CNY'"))


ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    uuid_column("owner_id", nullable=True),
    Column("scope", Text),
    _currency(),
    created_at(),
    UniqueConstraint("kind", "owner_id", "scope", "currency", postgresql_nulls_not_distinct=True),
    # What entries refer to, so that an entry, its account and its transaction are of one currency.
    UniqueConstraint("id", "currency"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso_4217"),
    schema="trade",
    info=reference("one row for each who ever earned; every entry leads here"),
)

ledger_transactions = Table(
    "ledger_transactions",
    metadata,
    id_column(),
    # the shop whose order it is, else the first owner, else the house: see accounts.book_of
    uuid_column("book_id"),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    _currency(),
    uuid_column("order_id", nullable=True),
    Column("why", Text, nullable=False),
    Column("posted_by", Text, nullable=False),
    timestamptz("at"),
    UniqueConstraint("id", "currency", "book_id"),
    Index(None, "order_id"),
    schema="trade",
    info=distributed(
        "book_id",
        group="shop",
        unique_within={
            "uq_ledger_transactions_key": "the same key is posted between the same accounts, so in the same book"
        },
        without_triggers={"ledger_transactions_balance": "looks into ledger_entries; the check finds one without"},
    ),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    uuid_column("transaction_id"),
    uuid_column("book_id"),
    uuid_column("account_id"),
    _currency(),
    fen("fen"),
    ForeignKeyConstraint(
        ["transaction_id", "currency", "book_id"],
        ["trade.ledger_transactions.id", "trade.ledger_transactions.currency", "trade.ledger_transactions.book_id"],
        name="fk_ledger_entries_transaction",
    ),
    ForeignKeyConstraint(["account_id", "currency"], ["trade.ledger_accounts.id", "trade.ledger_accounts.currency"]),
    CheckConstraint("fen <> 0", name="fen_moves_something"),
    Index(None, "account_id", "position"),
    Index(None, "transaction_id"),
    schema="trade",
    info=distributed(
        "book_id",
        group="shop",
        unique_within={"pk_ledger_entries": "one sequence gives out the positions of all books"},
    ),
)

ledger_holds = Table(
    "ledger_holds",
    metadata,
    id_column(),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("posting_key", Text, nullable=False, unique=True),
    _currency(),
    uuid_column("order_id", nullable=True),
    Column("why", Text, nullable=False),
    Column("held_by", Text, nullable=False),
    timestamptz("at"),
    timestamptz("expires_at", nullable=True),
    UniqueConstraint("id", "currency"),
    schema="trade",
    info=local("withdrawals: a few a day an owner"),
)

ledger_hold_entries = Table(
    "ledger_hold_entries",
    metadata,
    uuid_column("hold_id", primary_key=True),
    uuid_column("account_id", primary_key=True),
    _currency(),
    fen("fen"),
    ForeignKeyConstraint(["hold_id", "currency"], ["trade.ledger_holds.id", "trade.ledger_holds.currency"]),
    ForeignKeyConstraint(["account_id", "currency"], ["trade.ledger_accounts.id", "trade.ledger_accounts.currency"]),
    CheckConstraint("fen <> 0", name="fen_moves_something"),
    Index(None, "account_id"),
    schema="trade",
    info=local("withdrawals: a few a day an owner"),
)

ledger_hold_ends = Table(
    "ledger_hold_ends",
    metadata,
    # One end a hold: the primary key decides between two that end it at once.
    Column("hold_id", ForeignKey(ledger_holds.c.id), primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("ended_by", Text, nullable=False),
    timestamptz("at"),
    CheckConstraint("outcome IN ('posted', 'voided')", name="outcome_known"),
    schema="trade",
    info=local("withdrawals: a few a day an owner"),
)

ledger_checks = Table(
    "ledger_checks",
    metadata,
    id_column(),
    timestamptz("at"),
    Column("seconds", Float, nullable=False),
    fen("sum_fen"),
    Column("transactions", BigInteger, nullable=False),
    Column("faults", JSONB, nullable=False),
    Column("kinds", JSONB, nullable=False),
    uuid_column("asked_by", nullable=True),
    Index(None, "at"),
    schema="trade",
    info=local("one row a night"),
)

ledger_rollups = Table(
    "ledger_rollups",
    metadata,
    Column("account_id", ForeignKey(ledger_accounts.c.id), primary_key=True),
    Column("upto", BigInteger, primary_key=True),
    Column("after", BigInteger, nullable=False),
    fen("balance_fen"),
    fen("moved_fen"),
    timestamptz("first_at"),
    timestamptz("last_at"),
    timestamptz("made_at"),
    CheckConstraint("after < upto", name="covers_something"),
    Index(None, "upto"),
    schema="trade",
    info=local("derived: made of all machines' entries by one worker"),
)
