"""Withdrawals, bank accounts, terms, and what is known about deposits beside the ledger."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, fen, id_column, metadata, not_negative, timestamptz, uuid_column
from kaibo.kernel.distribution import distributed, local
from kaibo.trade.funds.model import WithdrawalState

_STATES = ", ".join(f"'{state.value}'" for state in WithdrawalState)
_OWNERS = "owner_kind IN ('shop', 'creator', 'leader', 'agency')"

bank_accounts = Table(
    "bank_accounts",
    metadata,
    id_column(),
    Column("owner_kind", Text, nullable=False),
    uuid_column("owner_id"),
    Column("holder", Text, nullable=False),
    Column("bank", Text, nullable=False),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("number_masked", Text, nullable=False),
    uuid_column("added_by"),
    created_at(),
    CheckConstraint(_OWNERS, name="owner_known"),
    Index(None, "owner_id", "owner_kind", "id"),
    schema="trade",
    info=local("written by hand or once a day"),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    id_column(),
    Column("owner_kind", Text, nullable=False),
    uuid_column("owner_id"),
    fen("fen"),
    fen("fee_fen"),
    Column("bank_account_id", ForeignKey(bank_accounts.c.id), nullable=False),
    Column("state", Text, nullable=False),
    uuid_column("asked_by"),
    timestamptz("asked_at"),
    uuid_column("decided_by", nullable=True),
    timestamptz("decided_at", nullable=True),
    Column("reason", Text),
    timestamptz("ended_at", nullable=True),
    uuid_column("ended_by", nullable=True),
    Column("reference", Text),
    CheckConstraint(_OWNERS, name="owner_known"),
    CheckConstraint(f"state IN ({_STATES})", name="state_known"),
    CheckConstraint("fee_fen >= 0 AND fen > fee_fen", name="fee_below_amount"),
    Index(None, "owner_id", "owner_kind", "id"),
    Index(None, "state", "id"),
    schema="trade",
    info=local("written by hand or once a day"),
)

money_terms = Table(
    "money_terms",
    metadata,
    Column("audience", Text, primary_key=True),
    Column("settle_days", Integer, nullable=False),
    fen("withdrawal_min_fen"),
    fen("withdrawal_fee_fen"),
    fen("deposit_min_fen"),
    Column("deposit_grace_days", Integer, nullable=False),
    uuid_column("set_by"),
    timestamptz("set_at"),
    CheckConstraint("audience IN ('standard', 'trusted', 'new', 'creator')", name="audience_known"),
    *not_negative("settle_days", "withdrawal_min_fen", "withdrawal_fee_fen", "deposit_min_fen", "deposit_grace_days"),
    schema="trade",
    info=local("written by hand or once a day"),
)

shop_standings = Table(
    "shop_standings",
    metadata,
    id_column("shop_id"),
    Column("merchant_class", Text, nullable=False, server_default=text("'standard'")),
    timestamptz("deposit_below_since", nullable=True),
    timestamptz("closed_at", nullable=True),
    uuid_column("closed_by", nullable=True),
    CheckConstraint("merchant_class IN ('standard', 'trusted', 'new')", name="class_known"),
    schema="trade",
    info=distributed("shop_id", group="shop"),
)

deposit_deductions = Table(
    "deposit_deductions",
    metadata,
    id_column(),
    uuid_column("shop_id"),
    fen("fen"),
    Column("reason", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    uuid_column("by"),
    timestamptz("at"),
    CheckConstraint("fen > 0", name="fen_positive"),
    Index(None, "shop_id", "id"),
    schema="trade",
    info=local("written by hand or once a day"),
)
