"""Orders, their lines and their history."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from kaibo.kernel.db import created_at, fen, id_column, metadata, not_negative, timestamptz, uuid_column
from kaibo.kernel.distribution import distributed
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders.model import FLAGS

_STATES = ", ".join(f"'{state.value}'" for state in OrderState)
_FLAGS = ", ".join(f"'{flag}'" for flag in FLAGS)

orders = Table(
    "orders",
    metadata,
    id_column(),
    # orders that the buyer confirmed at once and pays at once, one a shop; alone, an order is its own checkout
    uuid_column("checkout_id"),
    # on the first order of a checkout
    Column("idempotency_key", Text),
    # of what was asked for under the key: the same key with another wish is refused
    Column("request_digest", LargeBinary),
    Column("number", Text, nullable=False, unique=True),
    uuid_column("buyer_id"),
    Column("buyer_nickname", Text, nullable=False),
    uuid_column("shop_id"),
    Column("shop_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("closing", Text),
    Column("closing_why", Text),
    Column("currency", Text, nullable=False, server_default=text("'CNY'")),
    fen("goods_fen"),
    # given by the merchant; given by the platform, which owes it to the merchant
    fen("discount_fen", server_default=text("0")),
    fen("platform_discount_fen", server_default=text("0")),
    fen("freight_fen"),
    fen("total_fen"),
    # of total_fen: paid first, in a presale (see presales/); 0 in every other order
    fen("deposit_fen", server_default=text("0")),
    # from when the rest can be paid; known once the deposit is
    timestamptz("balance_from", nullable=True),
    # of total_fen: promised to the buyer or given back
    fen("refunded_fen", server_default=text("0")),
    # how the prices came about, step by step
    Column("explanation", JSONB, nullable=False, server_default=text("'[]'")),
    fen("commission_fen"),
    fen("platform_fee_fen"),
    Column("address", JSONB, nullable=False),
    Column("source_kind", Text),
    uuid_column("source_id", nullable=True),
    uuid_column("source_item", nullable=True),
    Column("source_title", Text),
    uuid_column("creator_id", nullable=True),
    # the agency's share of the creator's commission, the leader's share of what was paid for the goods
    uuid_column("agency_id", nullable=True),
    Column("agency_bps", Integer, nullable=False, server_default=text("0")),
    uuid_column("leader_id", nullable=True),
    Column("leader_bps", Integer, nullable=False, server_default=text("0")),
    # after-sales cases that are not closed: settlement waits for them
    Column("open_cases", Integer, nullable=False, server_default=text("0")),
    Column("note", Text),
    created_at(),
    timestamptz("pay_before"),
    timestamptz("paid_at", nullable=True),
    timestamptz("ship_before", nullable=True),
    # the first parcel; between it and shipped_at the order is partly shipped
    timestamptz("first_shipped_at", nullable=True),
    timestamptz("shipped_at", nullable=True),
    timestamptz("receive_before", nullable=True),
    # what the buyer added to the time for receiving
    Column("extended_seconds", Integer, nullable=False, server_default=text("0")),
    timestamptz("received_at", nullable=True),
    timestamptz("after_sales_until", nullable=True),
    timestamptz("settled_at", nullable=True),
    # the buyer has cleared it out of the list; nothing is deleted
    timestamptz("hidden_at", nullable=True),
    # when the buyer last asked where the goods stay
    timestamptz("reminded_at", nullable=True),
    # the merchant's coloured flag
    Column("flag", Text),
    *not_negative(
        "goods_fen", "discount_fen", "platform_discount_fen", "freight_fen", "commission_fen", "platform_fee_fen"
    ),
    *not_negative("open_cases", "extended_seconds"),
    CheckConstraint(f"flag IN ({_FLAGS})", name="flag_known"),
    CheckConstraint(f"state IN ({_STATES})", name="state_known"),
    CheckConstraint(
        "total_fen = goods_fen - discount_fen - platform_discount_fen + freight_fen AND total_fen > 0",
        name="total_adds_up",
    ),
    CheckConstraint("commission_fen + platform_fee_fen <= goods_fen", name="shares_fit"),
    CheckConstraint("refunded_fen BETWEEN 0 AND total_fen", name="refund_within_total"),
    CheckConstraint("deposit_fen BETWEEN 0 AND total_fen - 1", name="deposit_below_total"),
    CheckConstraint("agency_bps BETWEEN 0 AND 10000 AND leader_bps BETWEEN 0 AND 10000", name="shares_in_range"),
    Index("ix_orders_checkout", "checkout_id"),
    Index(
        "uq_orders_idempotency",
        "buyer_id",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    # whose time to pay is over: this index is their timer (see expire.py)
    Index("ix_orders_unpaid", "pay_before", postgresql_where=text("state = 'placed' AND closing IS NULL")),
    Index(None, "buyer_id", "id"),
    Index(None, "shop_id", "state", "id"),
    # what an agency's creators have sold and nobody has been paid for yet
    Index(
        "ix_orders_agency_waiting",
        "agency_id",
        postgresql_where=text("agency_id IS NOT NULL AND state IN ('paid', 'shipped', 'received')"),
    ),
    Index("ix_orders_creator", "creator_id", "id", postgresql_where=text("creator_id IS NOT NULL")),
    schema="trade",
    info=distributed(
        "shop_id",
        group="shop",
        unique_within={
            "uq_orders_number": "drawn at random; a number is looked for among one buyer's or one shop's orders",
            "uq_orders_idempotency": "a request asked again has the same carts, so its first order is of the same shop",
        },
    ),
)

order_lines = Table(
    "order_lines",
    metadata,
    id_column(),
    Column("order_id", ForeignKey(orders.c.id), nullable=False),
    uuid_column("shop_id"),
    Column("position", Integer, nullable=False),
    uuid_column("sku_id"),
    uuid_column("product_id"),
    Column("title", Text, nullable=False),
    Column("sku_name", Text, nullable=False),
    Column("picture_url", Text),
    fen("unit_price_fen"),
    Column("quantity", Integer, nullable=False),
    fen("line_fen"),
    fen("discount_fen", server_default=text("0")),
    fen("platform_discount_fen", server_default=text("0")),
    fen("paid_fen"),
    # what this product's freight costs; the line's share of the freight that the order pays
    fen("freight_fen"),
    fen("freight_paid_fen"),
    # of paid_fen + freight_paid_fen
    fen("refunded_fen", server_default=text("0")),
    Column("refunded_quantity", Integer, nullable=False, server_default=text("0")),
    # of refunded_quantity: pieces that never left the shop
    Column("refunded_unshipped_quantity", Integer, nullable=False, server_default=text("0")),
    Column("commission_bps", Integer, nullable=False),
    # the affiliate plan the rate came from; NULL: the product's own rate, or nobody who earns
    uuid_column("plan_id", nullable=True),
    Column("platform_fee_bps", Integer, nullable=False),
    # why the goods need not be taken back without a reason, as it was when the order was placed; NULL: they must
    Column("seven_day_exclusion", Text),
    *not_negative("unit_price_fen", "freight_fen", "commission_bps", "platform_fee_bps"),
    *not_negative("discount_fen", "platform_discount_fen", "paid_fen", "freight_paid_fen"),
    CheckConstraint("quantity BETWEEN 1 AND 999", name="quantity_in_range"),
    CheckConstraint("line_fen = unit_price_fen * quantity", name="line_adds_up"),
    CheckConstraint("paid_fen = line_fen - discount_fen - platform_discount_fen", name="paid_adds_up"),
    CheckConstraint("refunded_fen BETWEEN 0 AND paid_fen + freight_paid_fen", name="refund_within_paid"),
    CheckConstraint("refunded_quantity BETWEEN 0 AND quantity", name="refund_within_quantity"),
    CheckConstraint("refunded_unshipped_quantity BETWEEN 0 AND refunded_quantity", name="unshipped_within_refunded"),
    CheckConstraint(
        "seven_day_exclusion IN ('custom', 'perishable', 'digital', 'press')", name="seven_day_exclusion_known"
    ),
    CheckConstraint("commission_bps + platform_fee_bps <= 10000", name="rates_fit"),
    Index(None, "order_id", "position", unique=True),
    Index(None, "product_id"),
    Index("ix_order_lines_plan", "plan_id", postgresql_where=text("plan_id IS NOT NULL")),
    schema="trade",
    info=distributed(
        "shop_id",
        group="shop",
        unique_within={"ix_trade_order_lines_order_id_trade_order_lines_position": "an order is of one shop"},
    ),
)

order_history = Table(
    "order_history",
    metadata,
    id_column(),
    Column("order_id", ForeignKey(orders.c.id), nullable=False),
    uuid_column("shop_id"),
    timestamptz("at"),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    uuid_column("actor_id", nullable=True),
    Column("why", Text, nullable=False),
    Column("said", Text),
    Index(None, "order_id", "id"),
    schema="trade",
    info=distributed("shop_id", group="shop"),
)

order_notes = Table(
    "order_notes",
    metadata,
    id_column(),
    Column("order_id", ForeignKey(orders.c.id), nullable=False),
    uuid_column("shop_id"),
    timestamptz("at"),
    uuid_column("by_id"),
    Column("by_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "order_id", "id"),
    schema="trade",
    info=distributed("shop_id", group="shop"),
)
"""The shop's own; no buyer reads them."""
