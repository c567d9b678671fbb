"""Invoices and what happened to them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from kaibo.kernel.db import fen, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local
from kaibo.trade.invoices.model import InvoiceState
from kaibo.trade.orders.tables import orders

_STATES = ", ".join(f"'{state.value}'" for state in InvoiceState)

invoices = Table(
    "invoices",
    metadata,
    id_column(),
    Column("order_id", ForeignKey(orders.c.id), nullable=False),
    uuid_column("shop_id"),
    uuid_column("buyer_id"),
    Column("state", Text, nullable=False),
    Column("title_kind", Text, nullable=False),
    Column("title_name", Text, nullable=False),
    Column("tax_number", Text),
    Column("email", Text),
    timestamptz("asked_at"),
    timestamptz("due_at"),
    fen("amount_fen", nullable=True),
    timestamptz("issued_at", nullable=True),
    uuid_column("issued_by", nullable=True),
    Column("number", Text),
    Column("document", Text),
    Column("document_kind", Text),
    Column("document_sha256", Text),
    Column("refused_why", Text),
    Column("red_number", Text),
    timestamptz("reversed_at", nullable=True),
    CheckConstraint(f"state IN ({_STATES})", name="state_known"),
    CheckConstraint("title_kind IN ('personal', 'company')", name="title_kind_known"),
    CheckConstraint("(title_kind = 'company') = (tax_number IS NOT NULL)", name="companies_have_tax_numbers"),
    CheckConstraint("amount_fen > 0", name="amount_positive"),
    CheckConstraint(
        "state NOT IN ('issued', 'reversed') OR (number IS NOT NULL AND amount_fen IS NOT NULL AND document IS NOT NULL)",
        name="issued_with_document",
    ),
    CheckConstraint("(state = 'reversed') = (red_number IS NOT NULL)", name="reversed_with_number"),
    Index(
        "uq_invoices_live", "order_id", unique=True, postgresql_where=text("state IN ('asked', 'issuing', 'issued')")
    ),
    Index("uq_invoices_number", "shop_id", "number", unique=True, postgresql_where=text("number IS NOT NULL")),
    Index("ix_invoices_queue", "shop_id", "state", "id"),
    Index("ix_invoices_order", "order_id", "id"),
    schema="trade",
    info=local("asked for by hand, by a few of the buyers"),
)
