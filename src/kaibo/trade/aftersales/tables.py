"""Cases, their lines, history and evidence; what shops promise; the freight cover of orders."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, fen, id_column, metadata, not_negative, timestamptz, uuid_column
from kaibo.kernel.distribution import distributed, local
from kaibo.trade.aftersales.model import CaseKind, CaseState
from kaibo.trade.orders.tables import order_lines, orders

_STATES = ", ".join(f"'{state.value}'" for state in CaseState)
_KINDS = ", ".join(f"'{kind.value}'" for kind in CaseKind)

cases = Table(
    "aftersales_cases",
    metadata,
    id_column(),
    Column("number", Text, nullable=False, unique=True),
    Column("order_id", ForeignKey(orders.c.id), nullable=False),
    uuid_column("shop_id"),
    uuid_column("buyer_id"),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("before_shipping", Boolean, nullable=False),
    fen("refund_fen"),
    fen("extra_fen", default=0),
    Column("full", Boolean, nullable=False),
    Column("explanation", JSONB, nullable=False),
    # the rule behind the last decision
    Column("rule", Text, nullable=False),
    timestamptz("deadline", nullable=True),
    Column("deadline_rule", Text),
    Column("return_to", JSONB),
    Column("return_carrier", Text),
    Column("return_number", Text),
    timestamptz("sent_at", nullable=True),
    timestamptz("delivered_at", nullable=True),
    fen("return_freight_fen", default=0),
    Column("return_freight_by", Text, nullable=False),
    Column("resend_carrier", Text),
    Column("resend_number", Text),
    timestamptz("resent_at", nullable=True),
    created_at(),
    timestamptz("answered_at", nullable=True),
    Column("outcome", Text),
    # what the compensation fund paid in the merchant's place
    fen("advanced_fen", default=0),
    timestamptz("closed_at", nullable=True),
    *not_negative("refund_fen", "extra_fen", "return_freight_fen", "advanced_fen"),
    CheckConstraint(f"state IN ({_STATES})", name="state_known"),
    CheckConstraint(f"kind IN ({_KINDS})", name="kind_known"),
    Index(None, "order_id"),
    Index(None, "buyer_id", "id"),
    Index("ix_aftersales_cases_queue", "shop_id", "deadline", postgresql_where=text("closed_at IS NULL")),
    Index("ix_aftersales_cases_shop", "shop_id", "id"),
    Index("ix_aftersales_cases_arbitration", "deadline", postgresql_where=text("state = 'arbitration'")),
    Index("ix_aftersales_cases_decided", "id", postgresql_where=text("outcome IS NOT NULL")),
    Index("ix_aftersales_cases_return_number", "return_number", postgresql_where=text("return_number IS NOT NULL")),
    schema="trade",
    info=local("at most one order in five has a case; its tables lead to one another by the case"),
)

case_lines = Table(
    "aftersales_lines",
    metadata,
    Column("case_id", ForeignKey(cases.c.id), primary_key=True),
    Column("line_id", ForeignKey(order_lines.c.id), primary_key=True),
    Column("quantity", Integer, nullable=False),
    fen("fen"),
    fen("freight_fen"),
    uuid_column("exchange_sku_id", nullable=True),
    *not_negative("quantity", "fen", "freight_fen"),
    Index(None, "line_id"),
    schema="trade",
    info=local("at most one order in five has a case; its tables lead to one another by the case"),
)

case_history = Table(
    "aftersales_history",
    metadata,
    id_column(),
    Column("case_id", ForeignKey(cases.c.id), nullable=False),
    timestamptz("at"),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    uuid_column("actor_id", nullable=True),
    Column("why", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("said", Text),
    Column("facts", JSONB, nullable=False),
    Index(None, "case_id", "id"),
    schema="trade",
    info=local("at most one order in five has a case; its tables lead to one another by the case"),
)

case_evidence = Table(
    "aftersales_evidence",
    metadata,
    id_column(),
    Column("case_id", ForeignKey(cases.c.id), nullable=False),
    Column("side", Text, nullable=False),
    uuid_column("person_id"),
    uuid_column("picture_id", nullable=True),
    Column("note", Text, nullable=False),
    created_at("at"),
    Index(None, "case_id", "id"),
    schema="trade",
    info=local("at most one order in five has a case; its tables lead to one another by the case"),
)

shop_terms = Table(
    "aftersales_terms",
    metadata,
    uuid_column("shop_id", primary_key=True),
    Column("return_to", JSONB),
    fen("cover_premium_fen", default=0),
    fen("cover_limit_fen", default=0),
    Column("price_protection_days", Integer, nullable=False, default=0),
    created_at("updated_at"),
    uuid_column("updated_by"),
    *not_negative("cover_premium_fen", "cover_limit_fen", "price_protection_days"),
    schema="trade",
    info=distributed("shop_id", group="shop"),
)

covers = Table(
    "freight_covers",
    metadata,
    Column("order_id", ForeignKey(orders.c.id), primary_key=True),
    uuid_column("shop_id"),
    fen("premium_fen"),
    fen("limit_fen"),
    fen("paid_fen", default=0),
    created_at(),
    *not_negative("premium_fen", "limit_fen", "paid_fen"),
    CheckConstraint("paid_fen <= limit_fen", name="within_limit"),
    Index(None, "shop_id"),
    schema="trade",
    info=local("at most one order in five has a case; its tables lead to one another by the case"),
)
