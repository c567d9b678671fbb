"""Charges, refunds, and every notice the provider (or somebody in its name) has delivered."""

from __future__ import annotations

from typing import get_args

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, fen, id_column, metadata, timestamptz, uuid_column
from kaibo.kernel.distribution import local
from kaibo.trade.orders.model import Part
from kaibo.trade.orders.tables import orders
from kaibo.trade.payment.model import ChargeRow, RefundKind, RefundRow

_CHARGE_STATES = ", ".join(f"'{state.value}'" for state in ChargeRow)
_PARTS = ", ".join(f"'{part}'" for part in get_args(Part))
_REFUND_KINDS = ", ".join(f"'{kind}'" for kind in get_args(RefundKind))
_REFUND_STATES = ", ".join(f"'{state.value}'" for state in RefundRow)

charges = Table(
    "charges",
    metadata,
    id_column(),
    # of orders.checkout_id: what is paid at once has no table of its own
    uuid_column("checkout_id"),
    Column("out_trade_no", Text, nullable=False, unique=True),
    Column("attempt", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("state", Text, nullable=False),
    # of what it pays its orders: all of it, or a presale's deposit or balance
    Column("part", Text, nullable=False, server_default=text("'whole'")),
    fen("amount_fen"),
    Column("currency", Text, nullable=False, server_default=text("'CNY'")),
    Column("description", Text, nullable=False),
    Column("payer_ip", Text, nullable=False),
    Column("return_url", Text, nullable=False),
    Column("notify_url", Text, nullable=False),
    Column("pay_url", Text),
    # the provider's own name of the charge, where it can only be found by that
    Column("provider_ref", Text, nullable=False, server_default=text("''")),
    Column("transaction_id", Text),
    timestamptz("expires_at"),
    created_at(),
    timestamptz("asked_at", nullable=True),
    timestamptz("paid_at", nullable=True),
    timestamptz("closed_at", nullable=True),
    Column("last_error", Text),
    CheckConstraint(f"state IN ({_CHARGE_STATES})", name="state_known"),
    CheckConstraint(f"part IN ({_PARTS})", name="part_known"),
    CheckConstraint("amount_fen > 0", name="amount_positive"),
    Index(None, "checkout_id", "attempt", unique=True),
    Index("uq_charges_live", "checkout_id", unique=True, postgresql_where=text("state IN ('creating', 'pending')")),
    Index("uq_charges_paid", "checkout_id", "part", unique=True, postgresql_where=text("state = 'paid'")),
    schema="trade",
    info=local("a checkout of several shops has one payment: it stands with none of them"),
)

refunds = Table(
    "refunds",
    metadata,
    id_column(),
    Column("order_id", ForeignKey(orders.c.id), nullable=False),
    Column("charge_id", ForeignKey(charges.c.id), nullable=False),
    Column("key", Text, nullable=False),
    Column("out_refund_no", Text, nullable=False, unique=True),
    Column("attempt", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    fen("fen"),
    Column("reason", Text, nullable=False),
    Column("promised_by", Text, nullable=False),
    Column("notify_url", Text, nullable=False),
    Column("refund_id", Text),
    Column("tries", Integer, nullable=False, default=0),
    Column("last_error", Text),
    created_at(),
    timestamptz("done_at", nullable=True),
    uuid_column("handled_by", nullable=True),
    Column("handled_why", Text),
    Column("handled_reference", Text),
    timestamptz("handled_at", nullable=True),
    CheckConstraint(f"state IN ({_REFUND_STATES})", name="state_known"),
    CheckConstraint(f"kind IN ({_REFUND_KINDS})", name="kind_known"),
    CheckConstraint("fen > 0", name="fen_positive"),
    Index(None, "charge_id", "attempt", unique=True),
    Index("uq_refunds_promise", "key", unique=True, postgresql_where=text("state <> 'closed'")),
    Index("ix_refunds_abnormal", "id", postgresql_where=text("state = 'abnormal'")),
    Index(None, "order_id"),
    schema="trade",
    info=local("beside its charge"),
)

notices = Table(
    "notices",
    metadata,
    id_column(),
    created_at("received_at"),
    Column("provider", Text, nullable=False, server_default=text("'wechatpay'")),
    Column("outcome", Text, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("notice_id", Text),
    Column("number", Text),
    Column("detail", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "number"),
    Index(None, "outcome", "id"),
    schema="trade",
    info=local("what providers said, found by their numbers"),
)
